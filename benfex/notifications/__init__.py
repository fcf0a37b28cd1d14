"""Messages to people: texts, the outbox, and the channels they leave by."""
