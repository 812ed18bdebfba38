import { defineConfig } from "vite";

// CloudFront and the local front door serve `/`, `/index.html`, `/favicon.ico` and `/assets/*` from what is built here.
export default defineConfig({
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
});
