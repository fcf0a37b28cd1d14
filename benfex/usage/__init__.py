"""Bytes per connection: metering, polling, roll-ups and allowances."""
