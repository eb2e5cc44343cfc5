# docker build -t plinth .          (needs BuildKit, which Docker 23 and Podman 4 have)
# docker run -p 8090:8090 -v plinth:/data plinth
ARG RUST=1.95

FROM rust:${RUST}-trixie AS build
# The console's WebAssembly is made smaller by a tool that needs Node.js. As new as Debian has it.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends nodejs npm \
    && rm -rf /var/lib/apt/lists/* \
    && rustup target add wasm32-unknown-unknown
WORKDIR /plinth
# What .dockerignore lets in.
COPY . .
# What was compiled before is kept between builds, outside of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/plinth/target \
    scripts/console \
    && cargo build --locked --release -p plinth \
    && scripts/image-root target/release/plinth /image \
    && mkdir /image-data

FROM scratch
COPY --from=build /image /
# On its own: a folder that is there already would keep its owner.
COPY --from=build --chown=65532:65532 /image-data /data
# Where OpenSSL, which connects to PostgreSQL, looks for authorities too.
ENV PLINTH_HTTP=0.0.0.0:8090 \
    PLINTH_DIR=/data \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8090
# There is no shell that a check could run in: /livez and /readyz are asked from outside.
HEALTHCHECK NONE
ENTRYPOINT ["/plinth"]
CMD ["serve"]
