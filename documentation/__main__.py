"""Write the generated parts of the docs, build the site, or make the gallery: ``python -m documentation [COMMAND]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from documentation import reference
from documentation.repository import ROOT


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m documentation", description=__doc__)
    parser.set_defaults(command="reference")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("reference", help="write the parts of docs/reference that follow from the code (the default)")
    site = commands.add_parser("site", help="build the site; every warning of Sphinx is an error")
    site.add_argument("--out", type=Path, metavar="DIR", help="directory of the site (default: .cache/site)")
    commands.add_parser("dependencies", help="measure the table of dependencies (needs uv and the package index)")
    gallery = commands.add_parser("gallery", help="run the action on pull requests and show its reports")
    gallery.add_argument("names", nargs="*", metavar="CASE", help="cases to make again (default: all)")
    screenshots = commands.add_parser("screenshots", help="make the pictures of terminal, comment and site")
    screenshots.add_argument("names", nargs="*", metavar="NAME", help="pictures to make again (default: all)")
    arguments = parser.parse_args()
    if arguments.command == "gallery":
        from documentation.gallery import write_gallery

        print(f"written: {', '.join(write_gallery(arguments.names))}", file=sys.stderr)
        return 0
    if arguments.command == "screenshots":
        from documentation.gallery import write_index
        from documentation.screenshots import write_screenshots

        print(f"written: {', '.join(write_screenshots(arguments.names))}", file=sys.stderr)
        write_index()
        return 0
    if arguments.command == "site":
        from documentation.site import SITE, build_site

        output = arguments.out or SITE
        code = build_site(output)
        if code == 0:
            print(output / "index.html")
        return code
    if arguments.command == "dependencies":
        from documentation import dependencies

        changed = [str(dependencies.PAGE.relative_to(ROOT))] if dependencies.write() else []
    else:
        changed = reference.write()
    print(f"written: {', '.join(changed)}" if changed else "The reference is up to date.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
