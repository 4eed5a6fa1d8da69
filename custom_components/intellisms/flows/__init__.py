"""The dialogs for virtual numbers and contacts."""
