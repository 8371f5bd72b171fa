// Where the Portal begins.

import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/client";
import { App } from "./app";
import { applyTheme } from "./parts/theme";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/parts.css";
import "./styles/table.css";
import "./styles/pages.css";
import "./styles/settings.css";

applyTheme();

const client = new QueryClient({
  queryCache: new QueryCache(),
  mutationCache: new MutationCache(),
  defaultOptions: {
    queries: {
      // The event stream says when something is out of date.
      staleTime: Infinity,
      gcTime: 60_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 2 && error instanceof ApiError && error.passing,
    },
    mutations: { retry: false },
  },
});

const root = document.getElementById("portal");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}
