/* SPDX-License-Identifier: BSD-3-Clause */
/* /config_dump and `pc all`: every view as Envoy's config dumps. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "admin.h"
#include "admin_match.h"
#include "view.h"

#define TYPE "type.googleapis.com/envoy."

/* What the dumps differ in; names as protojson writes them. */
static const struct dump {
	const char *type, *list, *item, *item_type;
	const char *resource; /* the list's name in a question */
	view_fn *view;
} dumps[] = {
	{"ClustersConfigDump", "dynamicActiveClusters", "cluster", "config.cluster.v3.Cluster",
	 "dynamic_active_clusters", view_clusters},
	{"EndpointsConfigDump", "dynamicEndpointConfigs", "endpointConfig",
	 "config.endpoint.v3.ClusterLoadAssignment", "dynamic_endpoint_configs", view_eds},
	{"ListenersConfigDump", "dynamicListeners", "listener", "config.listener.v3.Listener",
	 "dynamic_listeners", view_listeners},
	{"RoutesConfigDump", "dynamicRouteConfigs", "routeConfig",
	 "config.route.v3.RouteConfiguration", "dynamic_route_configs", view_routes},
};

/* RFC 3339 of when the snapshot in use was built. */
static char *updated(const struct control *c, char buf[40])
{
	time_t s = c->snap.map != NULL ? (time_t)(c->snap.map->built_wall_us / 1000000) : 0;
	struct tm tm;

	buf[0] = '\0';
	if (gmtime_r(&s, &tm) != NULL)
		strftime(buf, 40, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}

static const char *name_of(const json_t *proto)
{
	const char *name = json_string_value(json_object_get(proto, "name"));

	return name != NULL ? name : json_string_value(json_object_get(proto, "clusterName"));
}

static json_t *dump_item(const struct dump *d, const struct control *c, json_t *proto)
{
	char version[24], type[96], when[40];
	json_t *item;

	snprintf(version, sizeof(version), "%llu", (unsigned long long)c->hdr->want_epoch);
	snprintf(type, sizeof(type), TYPE "%s", d->item_type);
	json_object_set_new(proto, "@type", json_string(type));
	item = json_pack("{s:s, s:O, s:s}", "versionInfo", version, d->item, proto, "lastUpdated",
			 updated(c, when));
	if (d->view != view_listeners)
		return item;
	return json_pack("{s:s, s:o}", "name", name_of(proto), "activeState", item);
}

/* @param filter NULL: everything. */
static json_t *dump_list(const struct dump *d, const struct control *c, struct admin_match *filter)
{
	json_t *request = json_object(), *rows = json_array(), *protos = json_array();
	json_t *list = json_array(), *p;
	size_t i;

	if (c->snap.map != NULL)
		d->view(c->snap.map, request, rows, protos);
	json_array_foreach(protos, i, p)
	{
		const char *name = name_of(p);

		if (name != NULL && (filter == NULL || admin_match_wants(filter, name)))
			json_array_append_new(list, dump_item(d, c, p));
	}
	json_decref(protos);
	json_decref(rows);
	json_decref(request);
	return list;
}

static json_t *dump_all(const struct control *c, bool eds, struct admin_match *filter)
{
	json_t *configs = json_array();
	char when[40], type[96];

	json_array_append_new(configs,
			      json_pack("{s:s, s:o, s:s}", "@type",
					TYPE "admin.v3.BootstrapConfigDump", "bootstrap",
					view_bootstrap(c->instance, sl_conf_control(c->conf)),
					"lastUpdated", updated(c, when)));
	for (size_t i = 0; i < SL_ARRAY_LEN(dumps); i++) {
		if (dumps[i].view == view_eds && !eds)
			continue;
		snprintf(type, sizeof(type), TYPE "admin.v3.%s", dumps[i].type);
		json_array_append_new(configs, json_pack("{s:s, s:o}", "@type", type, dumps[i].list,
							 dump_list(&dumps[i], c, filter)));
	}
	return configs;
}

json_t *admin_dump(const struct control *c)
{
	return dump_all(c, true, NULL);
}

/* With a resource its items alone, as Envoy. */
static json_t *dump_asked(const struct question *q, struct admin_match *filter, struct sl_err *err)
{
	const char *resource = question_get(q, "resource");

	if (question_get(q, "mask") != NULL) {
		sl_err(err, EINVAL, "mask is not served; use resource or name_regex.");
		return NULL;
	}
	if (resource == NULL)
		return dump_all(q->c, question_get(q, "include_eds") != NULL, filter);
	for (size_t i = 0; i < SL_ARRAY_LEN(dumps); i++)
		if (strcmp(resource, dumps[i].resource) == 0)
			return dump_list(&dumps[i], q->c, filter);
	sl_err(err, EINVAL, "%.80s not found in config dump", resource);
	return NULL;
}

void admin_config_dump(const struct question *q, struct reply *r)
{
	struct admin_match filter;
	struct sl_err err = {""};
	json_t *configs = NULL;

	if (admin_match_open(&filter, q, "name_regex", &err) == 0) {
		configs = dump_asked(q, &filter, &err);
		admin_match_close(&filter);
	}
	if (configs == NULL) {
		r->status = 400;
		fprintf(r->out, "%s\n", err.text);
		return;
	}
	admin_print(r, json_pack("{s:o}", "configs", admin_snake(configs)));
	json_decref(configs);
}
