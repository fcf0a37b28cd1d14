"""Pure vocabulary: money, periods, states, roles, identifiers. No database, no clock, no network."""
