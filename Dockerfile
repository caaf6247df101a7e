FROM node:20-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:20-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/config ./config
COPY --from=build /app/dist ./dist
# All that is written at run time: the releases that a host has fetched. A new volume that is mounted here takes over its owner.
ENV SLACKWATER_DATA=/var/lib/slackwater
RUN install -d -o node -g node /var/lib/slackwater
VOLUME /var/lib/slackwater
USER node
EXPOSE 7070
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["serve"]
