"""A real Home Assistant to try the integration in."""
