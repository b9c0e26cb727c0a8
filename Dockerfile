# The harness and the counterpart, from a bare Debian and Rust. The context is the workspace:
#   docker build -t thales-harness .
# Private networks need more than a container has by default; `doctor` says what:
#   docker run --rm thales-harness doctor
#   docker run --rm --user 0 --privileged -v "$PWD:/work" thales-harness run --integration integration.toml

FROM debian:bookworm-slim AS build
ARG RUST=1.95.0
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates curl gcc libc6-dev make perl \
 && rm -rf /var/lib/apt/lists/*
RUN curl --proto =https --tlsv1.2 --silent --show-error --fail https://sh.rustup.rs \
  | sh -s -- -y --profile minimal --default-toolchain "$RUST"
ENV PATH=/root/.cargo/bin:$PATH
WORKDIR /source
COPY . .
RUN cargo build --release --locked -p thales-harness -p mock-thales

FROM debian:bookworm-slim
# curl: callers of the examples. What an integration needs beside goes into an image made FROM this one.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates curl \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --create-home harness \
 && install -d -o harness -g harness /work /portal
COPY --from=build /source/target/release/thales-harness /source/target/release/mock-thales /usr/local/bin/
USER 10001:10001
WORKDIR /work
ENTRYPOINT ["thales-harness"]
CMD ["doctor"]
