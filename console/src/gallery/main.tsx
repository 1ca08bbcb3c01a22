/** The gallery as a page of its own. Only the server of `make console-dev` has it: no build begins here. */
import "@fontsource-variable/atkinson-hyperlegible-mono/wght.css";
import "@fontsource-variable/atkinson-hyperlegible-next/wght.css";
import "../theme/tokens.css";
import "../theme/base.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queries } from "../queries";
import { startTheme } from "../theme/theme";
import { Gallery } from "./Gallery";

startTheme();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Gallery />
      </QueryClientProvider>
    </StrictMode>,
  );
}
