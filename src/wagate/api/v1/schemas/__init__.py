"""What requests may say and what answers look like. Answers are written by the rooms' ``shape`` modules; their models
here document them, and a test holds the two together."""
