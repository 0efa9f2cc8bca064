// Reads the public page with everything that the client has, and tries what it does to subscribers.
const {Statuspage} = require("statuspage.io");

const [url] = process.argv.slice(2);
const client = new Statuspage("anything");
client.setApiUrl(url);

const steps = {
  summary: () => client.api.getSummary(),
  status: () => client.api.getStatus(),
  components: () => client.api.getComponents(),
  incidents: () => client.api.incidents.getAll(),
  unresolved: () => client.api.incidents.getUnresolved(),
  maintenances: () => client.api.scheduledMaintenances.getAll(),
  upcoming: () => client.api.scheduledMaintenances.getUpcoming(),
  active: () => client.api.scheduledMaintenances.getActive(),
  subscribe: () => client.api.subscribers.createPageSubscription({email: "mia@acme.example"}),
  subscribeToComponent: () => client.api.subscribers.createComponentSubscription({email: "mia@acme.example"}),
  subscribeToIncident: () => client.api.subscribers.createIncidentSubscription({email: "mia@acme.example"}),
  subscription: () => client.api.subscribers.getSubscription("abcdefghijkl"),
  unsubscribe: () => client.api.subscribers.removeSubscription("abcdefghijkl"),
};

(async () => {
  const found = {};
  for (const [name, call] of Object.entries(steps)) {
    try {
      found[name] = {answer: await call()};
    } catch (error) {
      if (!error.response) throw error;
      found[name] = {status: error.response.status, body: error.response.data};
    }
  }
  console.log(JSON.stringify(found));
})();
