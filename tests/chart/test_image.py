"""The Dockerfile, as far as it can be judged without building it."""

import re
import subprocess
import unittest

from support import HELM, ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()


class Image(unittest.TestCase):
    def test_hadolint_has_nothing_to_say(self):
        answer = subprocess.run([HELM.parent / "hadolint", "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, timeout=60)
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    def test_the_last_stage_is_nobody_and_can_say_how_it_is(self):
        last = DOCKERFILE.split("\nFROM ")[-1]
        self.assertEqual(re.findall(r"^USER (.+)$", last, re.M), ["65532:0"])
        self.assertIn("HEALTHCHECK", last)
        self.assertIn('ENTRYPOINT ["conncentric"]', last)
        for label in ("title", "licenses", "version", "revision"):
            self.assertIn(f"org.opencontainers.image.{label}=", last)

    def test_what_is_built_from_is_let_in(self):
        """.dockerignore lets in all that cargo embeds or is told of."""
        ignored = (ROOT / ".dockerignore").read_text().split()
        allowed = {line[1:] for line in ignored if line.startswith("!")}
        self.assertEqual(ignored[ignored.index("*")], "*")
        for wanted in ("Cargo.toml", "Cargo.lock", "build.rs", "src", "schema", "projections", "benches", "LICENSE"):
            self.assertIn(wanted, allowed)
            self.assertTrue((ROOT / wanted).exists(), wanted)
