"""Generated from the .proto files beside this one: field numbers are facts of the wire format."""
