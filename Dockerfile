# docker build -t plinth .          (needs BuildKit, which Docker 23 and Podman 4 have)
# docker run -p 8090:8090 -v plinth:/data plinth
ARG RUST=1.95

FROM rust:${RUST}-trixie AS build
# Node.js runs the optimizer of the console's WebAssembly. As new as Debian has it.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends nodejs npm \
    && rm -rf /var/lib/apt/lists/* \
    && rustup target add wasm32-unknown-unknown
WORKDIR /plinth
# Only what .dockerignore allows.
COPY . .
# Compiled dependencies are cached between builds, outside of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/plinth/target \
    scripts/console \
    && cargo build --locked --release -p plinth \
    && scripts/image-root target/release/plinth /image \
    && mkdir /image-data

FROM scratch
COPY --from=build /image /
# Copied separately, since an existing folder would keep its owner.
COPY --from=build --chown=65532:65532 /image-data /data
# OpenSSL, which libpq uses, looks there for authorities too.
ENV PLINTH_HTTP=0.0.0.0:8090 \
    PLINTH_DIR=/data \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8090
# There is no shell to run a check in: /livez and /readyz are requested from outside.
HEALTHCHECK NONE
ENTRYPOINT ["/plinth"]
CMD ["serve"]
