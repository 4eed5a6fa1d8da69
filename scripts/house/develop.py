"""Run Home Assistant with this integration, its log on the screen, its config kept."""

import sys

from .instance import EXTERNAL_URL, PASSWORD, ROOT, USERNAME, Instance, main

CONFIG = ROOT / ".cache" / "develop"
PORT = 8123


async def develop() -> int:
    """Run until Home Assistant ends; a restart from the browser takes in what was edited."""
    instance = Instance(config=CONFIG, port=PORT, log_to_screen=True)
    is_new = not CONFIG.exists()
    instance.prepare()
    try:
        await instance.start()
        if is_new:
            await instance.set_core_config(country="GB", external_url=EXTERNAL_URL)
        print(f"\n{instance.url}  user {USERNAME}, password {PASSWORD}\n", file=sys.stderr)
        return await instance.wait()
    finally:
        await instance.close()


if __name__ == "__main__":
    main(develop)
