// The API of ../rooms/openapi.yaml in Express, in memory.

require("./buildings.cjs");
require("./bookings.cjs");
require("./web.cjs").finish();
