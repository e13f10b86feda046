# One image for every role; the role is the configuration file that it is given:
#
#   docker build -t mds .
#   docker run -p 8000:8000 -v mds:/var/lib/mds mds                        everything in one process, nothing else needed
#   docker run ... mds serve --config /etc/mds/api.json                    one role, on servers: compose.yaml
#
# scripts/check-dockerfile runs these steps in a bare Debian, without a container engine. It reads them here, and knows the instructions
# that are used.

FROM debian:trixie-slim AS build
WORKDIR /src
COPY scripts/install-packages scripts/
RUN scripts/install-packages build
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake/
COPY sql sql/
COPY config config/
COPY include include/
COPY src src/
RUN cmake --preset release -DMDS_TESTS=OFF && cmake --build build/release --target mds && strip build/release/mds

FROM debian:trixie-slim
COPY scripts/install-packages /usr/local/lib/mds/
RUN /usr/local/lib/mds/install-packages run && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --user-group --create-home --home-dir /var/lib/mds --shell /usr/sbin/nologin mds
COPY LICENSE /usr/share/doc/mds/
COPY config /etc/mds/
COPY --from=build /src/build/release/mds /usr/local/bin/mds
USER mds
WORKDIR /var/lib/mds
ENV MDS_HTTP__ADDRESS=0.0.0.0
ENV MDS_HTTP__PORT=8000
ENV MDS_DATA__DIR=/var/lib/mds/data
EXPOSE 8000
VOLUME /var/lib/mds
STOPSIGNAL SIGTERM
# Alive, not ready: a container that waits for its database must not be ended for it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD curl -fsS "http://127.0.0.1:${MDS_HTTP__PORT}/healthz"
ENTRYPOINT ["mds"]
CMD ["serve", "--config", "/etc/mds/standalone.json"]
