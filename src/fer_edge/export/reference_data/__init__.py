"""What the original answers to the pictures of an export, and the golden vectors."""
