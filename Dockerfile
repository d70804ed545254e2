# The collector with its page. The demo's services run from the same image: see docker-compose.yml.
FROM node:24-slim AS build
WORKDIR /weir
RUN npm install --global pnpm@12.21.0
COPY . .
RUN pnpm install --frozen-lockfile && pnpm --filter @weir/ui run build
# What only building and testing needed stays behind.
RUN rm -rf node_modules */node_modules */*/node_modules && pnpm install --frozen-lockfile --prod

FROM node:24-slim
WORKDIR /weir
ENV NODE_ENV=production WEIR_STORE=sqlite:/data/weir.db
RUN mkdir /data /keys && chown node:node /data /keys
COPY --from=build /weir /weir
USER node
VOLUME /data
EXPOSE 4317 4318
CMD ["node", "collector/src/cli.ts", "serve", "--host", "0.0.0.0"]
