import { defineConfig } from 'vite';

// The page gets SharedArrayBuffer with these: a worker sees a cancel even while it computes.
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  // A worker loads parts of the library when it needs them, which the default format can't.
  worker: { format: 'es' },
  build: { target: 'es2022' },
  server: { headers },
  preview: { headers },
});
