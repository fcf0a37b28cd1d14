"""MikroTik RouterOS over its binary API, with the login and protocol of librouteros."""
