"""The predicate behind triggers and conditions, over plain values and without Home Assistant."""
