"""What is kept of media, and where the bytes of those that arrived can be had."""
