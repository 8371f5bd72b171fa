// Who is signed in sees the pages, and nobody else anything.

import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { Route, Switch } from "wouter";
import { keepTrue } from "./api/live";
import { useWhoAmI } from "./api/queries";
import { useStore } from "./logic/store";
import { AdapterPage } from "./pages/adapter";
import { AdaptersPage } from "./pages/adapters";
import { EventsPage } from "./pages/events";
import { MaintenancePage } from "./pages/maintenance";
import { OverviewPage } from "./pages/overview";
import { PodsPage } from "./pages/pods";
import { Frame } from "./parts/frame";
import { Failure, Loading } from "./parts/states";
import { credential, leave } from "./session/credential";
import { SignIn } from "./session/sign-in";
import { UserProvider } from "./session/user";

// Pages that few visits begin with are no part of the first load.
const AccessTokensPage = lazy(() => import("./pages/access-tokens"));
const ArtifactPage = lazy(() => import("./pages/artifact"));
const ArtifactsPage = lazy(() => import("./pages/artifacts"));
const ChangesPage = lazy(() => import("./pages/changes"));
const PluginsPage = lazy(() => import("./pages/plugins"));

export function App() {
  const { token } = useStore(credential);
  return token === null ? <SignIn /> : <SignedIn key={token} token={token} />;
}

function SignedIn({ token }: { token: string }) {
  const client = useQueryClient();
  const user = useWhoAmI();
  const role = user.data?.role;
  useEffect(() => {
    if (role === "pod") leave("This access token is a pod's. The Portal needs one of role viewer, operator or admin.");
  }, [role]);
  useEffect(() => {
    const stop = keepTrue(client, token);
    return () => {
      stop();
      // Whoever signs in next may see less.
      client.clear();
    };
  }, [client, token]);
  if (user.isError) return <Failure error={user.error} retry={() => void user.refetch()} />;
  if (user.data === undefined || role === "pod") return <Loading what="who you are" />;
  return (
    <UserProvider user={user.data}>
      <Frame>
        <Suspense fallback={<Loading what="the page" />}>
          <Switch>
            <Route path="/" component={OverviewPage} />
            <Route path="/adapters" component={AdaptersPage} />
            <Route path="/adapters/:name">{({ name }) => <AdapterPage key={name} />}</Route>
            <Route path="/pods" component={PodsPage} />
            <Route path="/events" component={EventsPage} />
            <Route path="/maintenance" component={MaintenancePage} />
            <Route path="/artifacts" component={ArtifactsPage} />
            <Route path="/artifacts/:name">{({ name }) => <ArtifactPage key={name} />}</Route>
            <Route path="/plugins" component={PluginsPage} />
            <Route path="/changes" component={ChangesPage} />
            <Route path="/access-tokens" component={AccessTokensPage} />
          </Switch>
        </Suspense>
      </Frame>
    </UserProvider>
  );
}
