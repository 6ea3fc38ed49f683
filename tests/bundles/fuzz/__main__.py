"""``python -m tests.bundles.fuzz TARGET FOUND SECONDS``: give a target what atheris makes up, beginning with its corpus.

What crashes it, or takes it longer than a second or more than 512 MB, is written to the folder FOUND.
"""

import sys

import atheris

with atheris.instrument_imports(include=["lading.bundles", "lading.core"]):
    from tests.bundles.fuzz.targets import CORPUS, TARGETS


def main() -> None:
    """Fuzz until the time is up; ends with another code than 0 when something was found."""
    name, found, seconds = sys.argv[1:]
    options = [f"-artifact_prefix={found}/{name}-", f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=1024"]
    more = ["-max_len=8192", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, *more, f"{found}/{name}", str(CORPUS / name)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
