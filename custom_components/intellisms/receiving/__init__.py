"""The way in: from a post to the event bus, each message once."""
