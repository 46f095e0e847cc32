"""What guard does about a judged message, and every reason why."""
