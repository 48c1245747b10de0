/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control process serves itself, as istioctl shows a gateway's probe and metrics ports. */
#include <string.h>

#include "view.h"

#define VHOST "backend"

/* By index of sl_conf_control.admin; the admin interface itself is no listener of Envoy's either.
 */
static const char *const prefixes[] = {NULL, "/healthz/ready", "/stats/prometheus"};

static json_t *inline_route(const char *prefix)
{
	return json_pack("{s:[{s:s, s:[s], s:[{s:{s:s}}]}]}", "virtualHosts", "name", VHOST,
			 "domains", "*", "routes", "match", "prefix", prefix);
}

static json_t *listener_proto(const struct sl_ip_port *at, const char *prefix)
{
	return json_pack(
		"{s:o, s:[{s:[{s:s, s:{s:s, s:o}}]}]}", "address",
		view_socket_address(&at->ip, at->port), "filterChains", "filters", "name",
		"envoy.filters.network.http_connection_manager", "typedConfig", "@type",
		"type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3."
		"HttpConnectionManager",
		"routeConfig", inline_route(prefix));
}

void view_own_listeners(const struct sl_conf_control *cc, const json_t *request, json_t *rows,
			json_t *protos)
{
	for (size_t i = 1; i < SL_ARRAY_LEN(prefixes); i++) {
		const struct sl_ip_port *at = &cc->admin[i];
		char ip[SL_IP_TEXT_MAX], match[64];

		if (at->port == 0 ||
		    !view_wants(request, "address", sl_str(sl_ip_format(&at->ip, ip))) ||
		    !view_wants_number(request, "port", at->port) ||
		    !view_wants(request, "type", SL_STR("HTTP")))
			continue;
		snprintf(match, sizeof(match), "%s*", prefixes[i]);
		json_array_append_new(rows, json_pack("{s:s, s:i, s:s, s:s, s:s}", "address", ip,
						      "port", (int)at->port, "type", "HTTP",
						      "match", "ALL", "inline", match));
		json_array_append_new(protos, listener_proto(at, prefixes[i]));
	}
}

void view_own_routes(const struct sl_conf_control *cc, const json_t *request, json_t *rows,
		     json_t *protos)
{
	for (size_t i = SL_ARRAY_LEN(prefixes) - 1; i > 0; i--) {
		char match[64];

		if (cc->admin[i].port == 0 || !view_wants(request, "name", SL_STR("")))
			continue;
		snprintf(match, sizeof(match), "%s*", prefixes[i]);
		json_array_append_new(rows, json_pack("{s:s, s:i, s:[{s:s, s:s, s:s, s:s, s:s}]}",
						      "name", "", "vhosts", 1, "rows", "name", "",
						      "vhost", VHOST, "domains", "*", "match",
						      match, "virtual_service", ""));
		json_array_append_new(protos, inline_route(prefixes[i]));
	}
}
