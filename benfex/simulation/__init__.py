"""The far ends of Benfex, simulated: routers, gateways and a phone, in a process of their own."""
