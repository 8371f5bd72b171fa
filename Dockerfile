# syntax=docker/dockerfile:1
# The image of orchestrators and pods: one program on a small Debian, as a user without rights.
#
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" --build-arg SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)" \
#     --sbom=true --provenance=true -t registry.example.com/conncentric:0.1.0 .
#
# Images with the programs of your connectors are built FROM it; their last USER is a number and not 0.

ARG DEBIAN=bookworm

# The Portal. What is built is the same on every machine, so it is built on the one that we have.
FROM --platform=$BUILDPLATFORM node:22-${DEBIAN}-slim AS portal
WORKDIR /build/src/portal
COPY src/portal/package.json src/portal/package-lock.json src/portal/.npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY src/portal ./
RUN npm run build

FROM rust:1-${DEBIAN} AS program
ARG SOURCE_DATE_EPOCH
WORKDIR /build
COPY . .
COPY --from=portal /build/src/portal/dist src/portal/dist
# Paths of the machine that builds are kept out, so that the same source gives the same program.
ENV RUSTFLAGS="--remap-path-prefix=/build=. --remap-path-prefix=/usr/local/cargo=cargo" CARGO_INCREMENTAL=0
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target \
    cargo build --release --locked && install -s -D -m 0755 target/release/conncentric /out/usr/local/bin/conncentric

FROM debian:${DEBIAN}-slim
ARG REVISION=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="conncentric" \
      org.opencontainers.image.description="Keeps each connection that must exist exactly once running on exactly one of many pods" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The CAs are for sslrootcert=system, and for pods that reach orchestrators by https.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/debconf/* \
    # OpenShift gives a uid of its own, always in group 0: what we may write, group 0 may.
    && install -d -m 0770 -o 65532 -g 0 /var/lib/conncentric
COPY --from=program /out/ /
COPY LICENSE /usr/share/doc/conncentric/LICENSE
WORKDIR /var/lib/conncentric
ENV CONNCENTRIC_LOG_FORMAT=json
USER 65532:0
EXPOSE 8080 8081
# For Docker alone: Kubernetes has probes of its own. Needs a management address, as in the chart.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["conncentric", "health"]
ENTRYPOINT ["conncentric"]
CMD ["--help"]
