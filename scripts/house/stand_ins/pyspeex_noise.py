"""In the place of a package that core imports and that has no wheel for every Python."""


class AudioProcessor:
    """Nobody speaks in this house."""
