# Two images: `--target grafana` is Grafana with the panel plugin and the data source of the record; the other one,
# built by default, is the exporter, without npm's caches and as a user of its own.
ARG NODE=node:24.22.3-bookworm-slim
ARG GRAFANA=grafana/grafana:13.2.2

FROM ${NODE} AS packages
WORKDIR /build
COPY package.json package-lock.json .npmrc tsconfig.base.json ./
COPY exporter/package.json exporter/
COPY grafana-plugin/package.json grafana-plugin/

FROM packages AS plugin
RUN npm ci
COPY exporter/src exporter/src
COPY grafana-plugin grafana-plugin
RUN npm run build:plugin

FROM ${GRAFANA} AS grafana
# Installed here, so that a start neither downloads anything nor fails without the network. The newest that fits this
# Grafana, or the one that is named.
ARG INFINITY=
USER root
RUN grafana cli --pluginsDir /var/lib/atender/plugins plugins install yesoreyeram-infinity-datasource ${INFINITY}
COPY --from=plugin /build/grafana-plugin/dist /var/lib/atender/plugins/atender-keyusage-panel
ENV GF_PATHS_PLUGINS=/var/lib/atender/plugins \
    GF_PLUGINS_PREINSTALL_DISABLED=true \
    GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS=atender-keyusage-panel
USER 472

FROM packages AS build
RUN npm ci --workspace atender-exporter --include-workspace-root
COPY exporter exporter
# Without the root the tools of the build would stay, more than twice the size of what runs.
RUN npm run build && npm prune --omit=dev --workspace atender-exporter --include-workspace-root

FROM ${NODE} AS exporter
# With one arena for each of its threads, malloc keeps some 20 MiB that nobody uses. Node 24 lets what is young grow to
# twice as much as Node 20, some 40 MiB more, which saves no time.
ENV MALLOC_ARENA_MAX=2 NODE_OPTIONS=--max-semi-space-size=8 NODE_ENV=production ATENDER_RECORD_PATH=/var/lib/atender-exporter/record
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/exporter/package.json exporter/
COPY --from=build /build/exporter/bin exporter/bin
COPY --from=build /build/exporter/dist exporter/dist
COPY deploy/access.mjs deploy/
# New volumes take over owner and content: the store, the password of docker-compose.yml, and the demonstration's log
# with no keys to begin with.
RUN install -d -o node -g node /var/lib/atender-exporter /etc/atender-exporter /var/log/demo \
 && echo 'keys: []' > /var/log/demo/keys.yaml && chown node:node /var/log/demo/keys.yaml
USER node
EXPOSE 9469
VOLUME ["/var/lib/atender-exporter", "/var/log/demo"]
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9469/-/healthy').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "exporter/bin/atender-exporter.js"]
CMD ["serve", "--web.listen-address", "0.0.0.0:9469", "--store.path", "/var/lib/atender-exporter/usage.db"]
