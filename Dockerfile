# Build: no database, no Node, no network but the crates.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY src src
COPY migrations migrations
COPY templates templates
COPY static static
COPY fonts fonts
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p lifesign --bin lifesign -p fake-mcp --bin fake-mcp \
    && mkdir -p /out/data \
    && cp target/release/lifesign target/release/fake-mcp /out/

# The scripted servers of the demo; docker compose builds this stage by name.
FROM gcr.io/distroless/cc-debian12:nonroot AS fake-mcp
COPY --from=build /out/fake-mcp /usr/local/bin/fake-mcp
ENTRYPOINT ["fake-mcp"]
CMD ["demo"]

# What runs: no shell, no package manager, no root (user 65532).
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/lifesign /usr/local/bin/lifesign
# The embedded database and the key that seals credentials live here.
COPY --from=build --chown=nonroot:nonroot /out/data /var/lib/lifesign/data
WORKDIR /var/lib/lifesign
VOLUME /var/lib/lifesign/data
ENV LIFESIGN_LISTEN=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["lifesign"]
CMD ["serve"]
