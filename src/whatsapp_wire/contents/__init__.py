"""What messages can say, kind by kind: builders of plaintexts, and readers that take whatever the network brings."""
