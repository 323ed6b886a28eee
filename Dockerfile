# syntax=docker/dockerfile:1
# Millrace in a container. The data folder is the volume /data; docker-compose.yml shows it among its neighbours.

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:22-bookworm-slim
# tini is process 1: it passes signals on and takes note of the ends of orphaned processes.
RUN apt-get update \
  && apt-get install -y --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node -m 0700 /data
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/cli/bin.js ./cli/bin.js
COPY --from=build /app/dist ./dist
COPY --from=build /app/views ./views
COPY --from=build /app/dags ./dags
COPY --from=build /app/sql ./sql
COPY --from=build /app/dashboards ./dashboards
COPY --from=build /app/transform/builtins ./transform/builtins
ENV NODE_ENV=production \
    MILLRACE_HOME=/data \
    MILLRACE_HOST=0.0.0.0
USER node
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.MILLRACE_PORT ?? 8080}/health`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "node", "cli/bin.js"]
CMD ["standalone"]
