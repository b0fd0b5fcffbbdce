"""The rows of the messaging room: messages, people and chats, and the outbox."""
