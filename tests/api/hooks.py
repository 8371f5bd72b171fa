"""What Schemathesis must be told: a package of a plugin is bytes, like any file."""

import schemathesis

schemathesis.serializer.alias("application/zstd", "application/octet-stream")
