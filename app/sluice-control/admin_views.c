/* SPDX-License-Identifier: BSD-3-Clause */
/* /clusters, /listeners, /server_info: the views of `pc` in the admin interface's own shape. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "sl_stats_sum.h"
#include "view.h"

json_t *admin_snake(const json_t *in)
{
	json_t *out, *item;
	const char *key;
	size_t i;

	if (json_is_array(in)) {
		out = json_array();
		json_array_foreach(in, i, item) json_array_append_new(out, admin_snake(item));
		return out;
	}
	if (!json_is_object(in))
		return json_deep_copy(in);
	out = json_object();
	json_object_foreach((json_t *)(uintptr_t)in, key, item)
	{
		char name[128];
		size_t n = 0;

		for (const char *p = key; *p != '\0' && n + 2 < sizeof(name); p++) {
			if (isupper((unsigned char)*p))
				name[n++] = '_';
			name[n++] = (char)tolower((unsigned char)*p);
		}
		name[n] = '\0';
		json_object_set_new(out, name, admin_snake(item));
	}
	return out;
}

void admin_print(struct reply *r, json_t *top)
{
	r->type = "application/json";
	json_dumpf(top, r->out, JSON_INDENT(1));
	fputc('\n', r->out);
	json_decref(top);
}

static bool wants_json(const struct question *q)
{
	const char *format = question_get(q, "format");

	return format != NULL && strcmp(format, "json") == 0;
}

/* ---- /listeners ---- */

void admin_listeners(const struct question *q, struct reply *r)
{
	const struct sl_snap *s = q->c->snap.map;
	json_t *list = json_array();

	for (uint32_t i = 0; s != NULL && i < sl_snap_count(s, SL_SNAP_LISTENERS); i++) {
		const struct sl_snap_listener *l = sl_snap_listener(s, i);
		char addr[SL_IP_PORT_TEXT_MAX];
		json_t *address = view_socket_address(&l->ip, l->port);

		if (!wants_json(q))
			fprintf(r->out, "%.*s::%s\n", SL_STR_ARG(sl_snap_str(s, l->name)),
				sl_ip_port_format(&l->ip, l->port, addr));
		json_array_append_new(list, json_pack("{s:o, s:o}", "name", view_text(s, l->name),
						      "local_address", admin_snake(address)));
		json_decref(address);
	}
	if (wants_json(q))
		admin_print(r, json_pack("{s:o}", "listener_statuses", list));
	else
		json_decref(list);
}

/* ---- /clusters ---- */

/* One endpoint's counters under Envoy's names, and whether each is a gauge. */
struct host_stat {
	const char *name;
	uint64_t value;
	bool gauge;
};

#define HOST_STATS 7

static void host_stats(const struct sl_stats *stats, const struct sl_snap_endpoint *ep,
		       struct host_stat out[HOST_STATS])
{
	struct sl_stats_endpoint e = {0};

	if (stats != NULL)
		sl_stats_sum_slot(stats, SL_STATS_ENDPOINT, ep->slot.index, ep->slot.born, &e);
	out[0] = (struct host_stat){"cx_active", sl_stats_gauge(e.cx_active), true};
	out[1] = (struct host_stat){"cx_connect_fail", e.cx_connect_fail, false};
	out[2] = (struct host_stat){"cx_total", e.cx_total, false};
	out[3] = (struct host_stat){"rq_active", sl_stats_gauge(e.rq_active), true};
	out[4] = (struct host_stat){"rq_error", e.rq_error, false};
	out[5] = (struct host_stat){"rq_success", e.rq_success, false};
	out[6] = (struct host_stat){"rq_total", e.rq_total, false};
}

/* Envoy's words, one behind the other. */
static const char *health_flags(const struct sl_snap_endpoint *ep, char buf[96])
{
	struct view_health h = view_health_of(ep);

	snprintf(buf, 96, "%s%s%s", h.failed_check ? "/failed_active_hc" : "",
		 h.ejected ? "/failed_outlier_check" : "",
		 ep->health == SL_HEALTHY    ? ""
		 : ep->health == SL_DRAINING ? "/eds_status_draining"
					     : "/failed_eds_health");
	return buf[0] != '\0' ? buf : "healthy";
}

static json_t *health_json(const struct sl_snap_endpoint *ep)
{
	struct view_health h = view_health_of(ep);
	json_t *p = json_pack("{s:s}", "eds_health_status", view_health(ep->health));

	if (h.failed_check)
		json_object_set_new(p, "failed_active_health_check", json_true());
	if (h.ejected)
		json_object_set_new(p, "failed_outlier_check", json_true());
	return p;
}

static void host_text(const struct sl_snap *s, const struct sl_snap_cluster *cl,
		      const struct sl_snap_endpoint *ep, const struct sl_stats *stats, FILE *out)
{
	struct host_stat stat[HOST_STATS];
	char head[SL_IP_PORT_TEXT_MAX + 512], addr[SL_IP_PORT_TEXT_MAX], flags[96];

	snprintf(head, sizeof(head), "%.*s::%s", SL_STR_ARG(sl_snap_str(s, cl->name)),
		 sl_ip_port_format(&ep->ip, ep->port, addr));
	host_stats(stats, ep, stat);
	for (size_t i = 0; i < HOST_STATS; i++)
		fprintf(out, "%s::%s::%llu\n", head, stat[i].name,
			(unsigned long long)stat[i].value);
	fprintf(out,
		"%s::hostname::\n%s::health_flags::%s\n%s::weight::%u\n%s::region::\n%s::zone::\n"
		"%s::sub_zone::\n%s::canary::false\n%s::priority::%u\n%s::success_rate::-1\n"
		"%s::local_origin_success_rate::-1\n",
		head, head, health_flags(ep, flags), head, ep->weight, head, head, head, head, head,
		ep->priority, head, head);
}

static json_t *host_json(const struct sl_snap_endpoint *ep, const struct sl_stats *stats)
{
	struct host_stat stat[HOST_STATS];
	json_t *list = json_array(), *address = view_socket_address(&ep->ip, ep->port), *host;

	host_stats(stats, ep, stat);
	for (size_t i = 0; i < HOST_STATS; i++) {
		char value[24];
		json_t *one;

		/* protojson: 64-bit numbers are strings, defaults are left out. */
		snprintf(value, sizeof(value), "%llu", (unsigned long long)stat[i].value);
		one = json_pack("{s:s}", "name", stat[i].name);
		if (stat[i].value != 0)
			json_object_set_new(one, "value", json_string(value));
		if (stat[i].gauge)
			json_object_set_new(one, "type", json_string("GAUGE"));
		json_array_append_new(list, one);
	}
	host = json_pack("{s:o, s:o, s:o, s:i, s:{}}", "address", admin_snake(address), "stats",
			 list, "health_status", health_json(ep), "weight", (int)ep->weight,
			 "locality");
	json_decref(address);
	return host;
}

static void one_cluster(const struct sl_snap *s, uint32_t row, const struct sl_stats *stats,
			json_t *list, FILE *out)
{
	const struct sl_snap_cluster *cl = sl_snap_cluster(s, row);
	struct sl_str name = sl_snap_str(s, cl->name);
	json_t *hosts = json_array();

	if (list == NULL)
		fprintf(out, "%.*s::observability_name::%.*s\n%.*s::added_via_api::true\n",
			SL_STR_ARG(name), SL_STR_ARG(name), SL_STR_ARG(name));
	for (uint32_t k = 0; k < cl->endpoints.n; k++) {
		const struct sl_snap_endpoint *ep = sl_snap_endpoint(s, cl->endpoints.first + k);

		if (list == NULL)
			host_text(s, cl, ep, stats, out);
		else
			json_array_append_new(hosts, host_json(ep, stats));
	}
	if (list != NULL)
		json_array_append_new(list, json_pack("{s:o, s:b, s:O, s:o}", "name",
						      view_text(s, cl->name), "added_via_api", 1,
						      "host_statuses", hosts, "observability_name",
						      view_text(s, cl->name)));
	json_decref(hosts);
}

void admin_clusters(const struct question *q, struct reply *r)
{
	const struct sl_snap *s = q->c->snap.map;
	json_t *list = wants_json(q) ? json_array() : NULL;
	struct sl_stats *stats = view_stats_open(q->c->dir);

	for (uint32_t i = 0; s != NULL && i < sl_snap_count(s, SL_SNAP_CLUSTERS); i++)
		one_cluster(s, i, stats, list, r->out);
	view_stats_close(stats);
	if (list != NULL)
		admin_print(r, json_pack("{s:o}", "cluster_statuses", list));
}

/* ---- /server_info ---- */

void admin_server_info(const struct question *q, struct reply *r)
{
	const struct control *c = q->c;
	uint64_t up_s = (sl_clock_us() - c->started_us) / 1000000;
	const char *state;
	char up[32];

	admin_ready(q->c, &state);
	snprintf(up, sizeof(up), "%llus", (unsigned long long)up_s);
	admin_print(r, json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:i, s:s}, s:{s:s, s:s, s:s}}",
				 "version", "sluice/" SL_VERSION, "state", state,
				 "uptime_current_epoch", up, "uptime_all_epochs", up,
				 "hot_restart_version", "disabled", "command_line_options",
				 "concurrency", (int)c->hdr->daemon_workers, "config_path",
				 c->conf_path, "node", "id", c->instance, "cluster", "sluice",
				 "user_agent_name", "sluice"));
}
