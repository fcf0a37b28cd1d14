"""The example gateway of docs/gateways.md."""
