"""The nouns: values, tables, queries, migrations."""
