# The collector with its page, from the packages that users install. The target `demo` has the services of docker-compose.yml.
FROM node:24-slim AS build
WORKDIR /source
RUN npm install --global pnpm@12.21.0
COPY . .
RUN pnpm install --frozen-lockfile && node scripts/packages.ts --to /packages
WORKDIR /weir
RUN npm install --omit=dev --no-audit --no-fund --ignore-scripts /packages/*.tgz

FROM node:24-slim AS demo
WORKDIR /source
RUN mkdir /keys && chown node:node /keys
COPY --from=build /source /source
USER node

FROM node:24-slim
# Short-lived memory is given back sooner: docs/guides/sizing.md says what that saves.
ENV NODE_OPTIONS=--max-semi-space-size=8 NODE_ENV=production PATH=/weir/node_modules/.bin:$PATH WEIR_HOST=0.0.0.0 WEIR_STORE=sqlite:/data/weir.db
RUN mkdir /data /keys && chown node:node /data /keys
COPY --from=build /weir/node_modules /weir/node_modules
USER node
WORKDIR /data
VOLUME /data
EXPOSE 4317 4318
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4318/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["weir", "serve"]
