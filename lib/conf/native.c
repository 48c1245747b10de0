/* SPDX-License-Identifier: BSD-3-Clause */
/* Listeners and services said natively in sluice.conf, to the model. Routes, clusters apart. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "box.h"
#include "names.h"
#include "native.h"
#include "words.h"

int sl_native_no_memory(struct sl_reader *r)
{
	return sl_err(r->err, ENOMEM, "out of memory while sluice.conf was read");
}

int sl_native_origin(struct sl_reader *r, const config_setting_t *s, struct sl_origin *origin)
{
	int line;
	const char *file = sl_reader_where(r, s, &line);

	return sl_model_origin(origin, file, line) < 0 ? sl_native_no_memory(r) : 0;
}

static int ip_read(struct sl_reader *r, const config_setting_t *s, const char *text,
		   struct sl_ip *ip)
{
	struct sl_err why;

	return sl_ip_parse(text, ip, &why) < 0 ? sl_reader_bad(r, s, "'address': %s", why.text) : 0;
}

/* ---- listeners ---- */

struct listener_text {
	const char *name, *address, *cluster;
	uint16_t port;
	int protocol, path_normalization, escaped_slashes, trailers;
	const config_setting_t *hosts, *proxy_protocol, *clusters;
};

static const char *const listener_words[] = {"http", "tcp", NULL};

#define RELAY_RETRIES 2 /* other endpoints tried where one can't be reached */

#define LISTENER(field) SL_KEY_AT(struct listener_text, field)

const struct sl_key sl_native_listener_keys[] = {
	{.name = "name",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 LISTENER(name),
	 .min = 1,
	 .required = true,
	 .help = "a name such as name = \"web\""},
	{.name = "address",
	 .type = SL_KEY_STR,
	 LISTENER(address),
	 .def = "0.0.0.0",
	 .help = "One of the box's addresses; 0.0.0.0 for all of IPv4, :: for all of IPv6."},
	{.name = "port",
	 .type = SL_KEY_INT,
	 LISTENER(port),
	 1,
	 65535,
	 .required = true,
	 .help = "the TCP port: port = 8080"},
	{.name = "protocol",
	 .type = SL_KEY_WORD,
	 LISTENER(protocol),
	 .def = "http",
	 .words = listener_words,
	 .help = "`http`, by `hosts`; `tcp`: every connection's bytes to `cluster` and back."},
	{.name = "cluster",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 LISTENER(cluster),
	 .min = 1,
	 .help = "Where tcp leads."},
	{.name = "clusters",
	 .type = SL_KEY_EACH,
	 LISTENER(clusters),
	 .keys = sl_native_weight_keys,
	 .min = 1,
	 .help = "Where tcp leads, by weight, in place of `cluster`."},
	{.name = "path_normalization",
	 .type = SL_KEY_WORD,
	 LISTENER(path_normalization),
	 .def = "base",
	 .words = sl_conf_path_words,
	 .help = "Of this listener, in place of what `http` says; see there."},
	{.name = "escaped_slashes",
	 .type = SL_KEY_WORD,
	 LISTENER(escaped_slashes),
	 .def = "keep_unchanged",
	 .words = sl_conf_slash_words,
	 .help = "Of this listener, in place of what `http` says; see there."},
	{.name = "trailers",
	 .type = SL_KEY_WORD,
	 LISTENER(trailers),
	 .def = "drop",
	 .words = sl_conf_trailer_words,
	 .help = "Of this listener, in place of what `http` says; see there."},
	{.name = "proxy_protocol",
	 .type = SL_KEY_EACH,
	 LISTENER(proxy_protocol),
	 .max = SL_MODEL_SOURCES_MAX,
	 .help = "Addresses or prefixes of proxies in front that begin each connection with a "
		 "PROXY "
		 "protocol header, version 1 or 2; from all others none is taken."},
	{.name = "hosts",
	 .type = SL_KEY_EACH,
	 LISTENER(hosts),
	 .keys = sl_native_host_keys,
	 .help = "The virtual hosts of http: hosts = ( { domains = [\"*\"]; routes = ( ... ); } )"},
	{0},
};

struct host_text {
	const char *name;
	const config_setting_t *domains, *routes;
};

#define HOST(field) SL_KEY_AT(struct host_text, field)

const struct sl_key sl_native_host_keys[] = {
	{.name = "name",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 HOST(name),
	 .def = "",
	 .help = "Name in views. Default: first domain, ':' and port."},
	{.name = "domains",
	 .type = SL_KEY_EACH,
	 HOST(domains),
	 .min = 1,
	 .required = true,
	 .help = "hosts it is for: domains = [\"www.example.com\", \"*.example.org\"]"},
	{.name = "routes",
	 .type = SL_KEY_EACH,
	 HOST(routes),
	 .keys = sl_native_route_keys,
	 .help = "Its routes; the first that matches wins."},
	{0},
};

static int domain_read(struct sl_reader *r, const config_setting_t *s, struct sl_model_vhost *vhost)
{
	char show[SL_SHOW_MAX];
	const char *text;
	char *lower;
	int e = sl_reader_str(r, s, &text);

	if (e)
		return e;
	if (strlen(text) > SL_KEY_NAME_MAX)
		return sl_reader_bad(r, s, "domain \"%s\" is longer than %d bytes; write a name",
				     sl_show(text, show), SL_KEY_NAME_MAX);
	if (*text != '[' && strchr(text, ':'))
		return sl_reader_bad(r, s,
				     "domain \"%s\" has a port, which is never compared; leave "
				     "it out",
				     sl_show(text, show));
	lower = strdup(text);
	if (!lower)
		return sl_native_no_memory(r);
	for (char *p = lower; *p; p++)
		*p = sl_lower(*p);
	e = sl_model_domain_add(vhost, lower);
	free(lower);
	return e < 0 ? sl_native_no_memory(r) : 0;
}

static int host_read(struct sl_reader *r, const config_setting_t *s, struct sl_model_table *table,
		     uint16_t port)
{
	struct sl_model_vhost *vhost;
	struct host_text t = {0};
	char name[300];
	int e = sl_keys_read(r, sl_native_host_keys, s, "host", &t);

	if (e)
		return e;
	vhost = sl_model_vhost_add(table, t.name);
	if (!vhost)
		return sl_native_no_memory(r);
	e = sl_native_origin(r, s, &vhost->origin);
	for (int i = 0; e == 0 && i < sl_native_length(t.domains); i++)
		e = domain_read(r, config_setting_get_elem(t.domains, (unsigned)i), vhost);
	for (int i = 0; e == 0 && i < sl_native_length(t.routes); i++)
		e = sl_native_route_read(r, config_setting_get_elem(t.routes, (unsigned)i), vhost);
	if (e == 0 && !*t.name) {
		snprintf(name, sizeof(name), "%s:%u", vhost->domains[0], port);
		e = sl_model_set(&vhost->name, name) < 0 ? sl_native_no_memory(r) : 0;
	}
	return e;
}

static int listener_check(struct sl_reader *r, const config_setting_t *s,
			  const struct listener_text *t)
{
	bool tcp = t->protocol == 1;

	if (!tcp && !t->hosts)
		return sl_reader_bad(r, s,
				     "listener '%s' without hosts; write hosts = ( { domains = "
				     "[\"*\"]; routes = ( ... ); } )",
				     t->name);
	if (!tcp && (t->cluster || t->clusters))
		return sl_reader_bad(r, s,
				     "listener '%s' with a cluster of its own; write it in its "
				     "routes, or protocol = \"tcp\"",
				     t->name);
	if (tcp && (t->hosts || config_setting_get_member(s, "path_normalization") ||
		    config_setting_get_member(s, "escaped_slashes") ||
		    config_setting_get_member(s, "trailers")))
		return sl_reader_bad(
			r, s,
			"listener '%s' is of tcp, which has no hosts, paths and trailers; "
			"leave them out",
			t->name);
	if (tcp && !t->cluster == !t->clusters)
		return sl_reader_bad(r, s,
				     "listener '%s' leads %s; write one of cluster and clusters",
				     t->name, t->cluster ? "to two places" : "nowhere");
	return 0;
}

/* A table of one host with one route, which takes all. */
static int relay_read(struct sl_reader *r, const config_setting_t *s, const struct listener_text *t,
		      struct sl_model_table *table)
{
	struct sl_model_vhost *vhost = sl_model_vhost_add(table, t->name);
	struct sl_model_route *route;

	if (!vhost || sl_model_domain_add(vhost, "*") < 0)
		return sl_native_no_memory(r);
	route = sl_model_route_add(vhost);
	if (!route || sl_model_set(&route->name, t->name) < 0 ||
	    sl_model_set(&route->path, "/") < 0 || sl_native_origin(r, s, &vhost->origin) < 0 ||
	    sl_native_origin(r, s, &route->origin) < 0)
		return sl_native_no_memory(r);
	route->match = SL_PATH_PREFIX;
	route->retry_attempts = RELAY_RETRIES;
	return sl_native_weights_read(r, t->cluster, t->clusters, route);
}

/* As Istio names it, "http.PORT", unless another listener of that port has taken it. */
static struct sl_model_table *table_add(struct sl_model *model, const struct listener_text *t)
{
	char name[400];

	snprintf(name, sizeof(name), "%s.%u", listener_words[t->protocol], t->port);
	if (sl_model_table_find(model, name))
		snprintf(name, sizeof(name), "%s.%u.%.300s", listener_words[t->protocol], t->port,
			 t->name);
	return sl_model_table_add(model, name);
}

static int sources_read(struct sl_reader *r, const config_setting_t *list,
			struct sl_model_listener *listener)
{
	for (int i = 0; i < sl_native_length(list); i++) {
		const config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
		struct sl_err why;
		const char *text;
		int e = sl_reader_str(r, s, &text);

		if (e)
			return e;
		if (i == SL_MODEL_SOURCES_MAX)
			return sl_reader_bad(r, s,
					     "'proxy_protocol' has more than %u sources; write "
					     "shorter prefixes",
					     SL_MODEL_SOURCES_MAX);
		if (sl_prefix_parse(text, &listener->proxy_from[i], &why) < 0)
			return sl_reader_bad(r, s, "'proxy_protocol': %s", why.text);
		listener->n_proxy_from++;
	}
	return 0;
}

/** Only what a listener says itself takes the place of `http`. */
static void own_rules(const config_setting_t *s, const struct listener_text *t,
		      struct sl_model_listener *listener)
{
	struct sl_http_path_rules rules = sl_conf_path(t->path_normalization, t->escaped_slashes);

	listener->own_path = config_setting_get_member(s, "path_normalization") ||
			     config_setting_get_member(s, "escaped_slashes");
	listener->path_normalize = rules.normalize;
	listener->path_slashes = rules.slashes;
	if (config_setting_get_member(s, "trailers"))
		listener->trailers = t->trailers ? SL_HTTP_TRAILERS_FORWARD : SL_HTTP_TRAILERS_DROP;
}

int sl_native_listener_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_model *model = r->ctx;
	struct sl_model_listener *listener;
	struct listener_text t = {0};
	struct sl_model_table *table;
	int e = sl_keys_read(r, sl_native_listener_keys, s, "listener", &t);

	if (e == 0)
		e = listener_check(r, s, &t);
	if (e)
		return e;
	if (sl_model_listener_find(model, t.name))
		return sl_reader_bad(
			r, s, "listener '%s' is defined twice; give this one another name", t.name);
	table = table_add(model, &t);
	listener = table ? sl_model_listener_add(model, t.name) : NULL;
	if (!listener || sl_model_set(&listener->table, table->name) < 0)
		return sl_native_no_memory(r);
	listener->port = t.port;
	listener->relay = t.protocol == 1;
	own_rules(s, &t, listener);
	e = sources_read(r, t.proxy_protocol, listener);
	if (e)
		return e;
	e = ip_read(r, s, t.address, &listener->ip);
	if (e == 0)
		e = sl_native_origin(r, s, &listener->origin);
	if (e == 0 && listener->relay)
		e = relay_read(r, s, &t, table);
	for (int i = 0; e == 0 && i < sl_native_length(t.hosts); i++)
		e = host_read(r, config_setting_get_elem(t.hosts, (unsigned)i), table, t.port);
	return e;
}

/* ---- services ---- */

struct service_text {
	const char *name, *address, *listener, *cluster;
	uint16_t port, node_port, port_last;
	int protocol, source;
	uint32_t affinity_ms;
	const config_setting_t *sources;
};

#define SERVICE(field) SL_KEY_AT(struct service_text, field)

static const char *const protocol_words[] = {"tcp", "udp", NULL};
static const char *const source_words[] = {"box", "client", NULL};

const struct sl_key sl_native_service_keys[] = {
	{.name = "name",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 SERVICE(name),
	 .min = 1,
	 .required = true,
	 .help = "a name such as name = \"vip\""},
	{.name = "address",
	 .type = SL_KEY_STR,
	 SERVICE(address),
	 .min = 1,
	 .help = "Virtual address; with `port`. With `node_port`: 0.0.0.0 or ::."},
	{.name = "port",
	 .type = SL_KEY_INT,
	 SERVICE(port),
	 1,
	 65535,
	 .help = "Port at the virtual address."},
	{.name = "node_port",
	 .type = SL_KEY_INT,
	 SERVICE(node_port),
	 1,
	 65535,
	 .help = "Port at every IPv4 address of the box, or IPv6 with address \"::\", instead of "
		 "address and port."},
	{.name = "protocol",
	 .type = SL_KEY_WORD,
	 SERVICE(protocol),
	 .def = "tcp",
	 .words = protocol_words,
	 .help = "Transport protocol."},
	{.name = "port_last",
	 .type = SL_KEY_INT,
	 SERVICE(port_last),
	 1,
	 65535,
	 .help = "Last port of a range that begins at `port` or `node_port`, of at most 4096; the "
		 "endpoints' ports are the first of as many."},
	{.name = "source",
	 .type = SL_KEY_WORD,
	 SERVICE(source),
	 .def = "box",
	 .words = source_words,
	 .help = "Whose address the endpoints see. `client`: their way back must be through the "
		 "box."},
	{.name = "affinity",
	 .type = SL_KEY_TIME,
	 SERVICE(affinity_ms),
	 0,
	 SL_KEY_DAY_MS,
	 "0",
	 .help = "A client stays with its endpoint so long after its last session began."},
	{.name = "sources",
	 .type = SL_KEY_EACH,
	 SERVICE(sources),
	 .max = SL_MODEL_RANGES_MAX,
	 .help = "Prefixes of clients whose packets are taken; those of others are dropped. "
		 "Absent: "
		 "everybody's are."},
	{.name = "listener",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 SERVICE(listener),
	 .min = 1,
	 .help = "Listener that it is handed to (tcp)."},
	{.name = "cluster",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 SERVICE(cluster),
	 .min = 1,
	 .help = "Cluster whose endpoints it is translated to."},
	{0},
};

static int service_check(struct sl_reader *r, const config_setting_t *s,
			 const struct service_text *t)
{
	if (t->node_port ? t->port : !t->address || !t->port)
		return sl_reader_bad(
			r, s, "service '%s': write address and port, or node_port alone", t->name);
	if (!t->listener == !t->cluster)
		return sl_reader_bad(r, s, "service '%s' leads %s; write listener or cluster",
				     t->name, t->listener ? "to two places" : "nowhere");
	if (t->listener && t->protocol == 1)
		return sl_reader_bad(r, s, "service '%s' leads udp to a listener; write a cluster",
				     t->name);
	return 0;
}

static int ranges_read(struct sl_reader *r, const config_setting_t *list,
		       struct sl_model_service *service)
{
	for (int i = 0; i < sl_native_length(list); i++) {
		const config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
		struct sl_prefix *p = sl_model_service_source_add(service);
		struct sl_err why;
		const char *text;
		int e = p ? sl_reader_str(r, s, &text) : sl_native_no_memory(r);

		if (e == 0 && sl_prefix_parse(text, p, &why) < 0)
			e = sl_reader_bad(r, s, "'sources': %s", why.text);
		if (e)
			return e;
	}
	return 0;
}

int sl_native_service_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_model *model = r->ctx;
	struct sl_model_service *service;
	struct service_text t = {0};
	int e = sl_keys_read(r, sl_native_service_keys, s, "service", &t);

	if (e == 0)
		e = service_check(r, s, &t);
	if (e)
		return e;
	for (size_t i = 0; i < model->n_services; i++)
		if (strcmp(model->services[i].name, t.name) == 0)
			return sl_reader_bad(r, s,
					     "service '%s' is defined twice; give this one "
					     "another name",
					     t.name);
	service = sl_model_service_add(model, t.name);
	if (!service || sl_model_set(&service->listener, t.listener) < 0 ||
	    sl_model_set(&service->cluster, t.cluster) < 0)
		return sl_native_no_memory(r);
	service->kind = t.node_port ? SL_SVC_NODE_PORT : SL_SVC_NATIVE;
	service->port = t.node_port ? t.node_port : t.port;
	service->proto = t.protocol == 1 ? IPPROTO_UDP : IPPROTO_TCP;
	service->port_last = t.port_last;
	service->keep_client = t.source == 1;
	service->affinity_s = (t.affinity_ms + 999) / 1000;
	e = ranges_read(r, t.sources, service);
	if (e == 0)
		e = ip_read(r, s, t.address ? t.address : "0.0.0.0", &service->ip);
	if (e == 0 && !t.node_port == sl_ip_is_any(&service->ip))
		e = sl_reader_bad(r, s,
				  t.node_port ? "service '%s' has a node port at one address; "
						"write 0.0.0.0, ::, or no address"
					      : "service '%s' at the address of nobody; write an "
						"address, or node_port",
				  t.name);
	return e ? e : sl_native_origin(r, s, &service->origin);
}

/* ---- all of it ---- */

static int read_parts(const struct sl_conf *conf, const struct sl_native_names *names,
		      struct sl_model *model, struct sl_err *err)
{
	static const struct {
		const char *list;
		int (*read)(struct sl_reader *r, const config_setting_t *s, void *dst);
	} parts[] = {
		{"listeners", sl_native_listener_read},
		{"clusters", sl_native_cluster_read},
		{"services", sl_native_service_read},
	};
	struct sl_reader r = {.text = &conf->text, .err = err, .ctx = model, .names = names};
	int e = 0;

	if (sl_model_set(&model->locality, conf->control.locality) < 0)
		return sl_native_no_memory(&r);
	for (size_t p = 0; p < SL_ARRAY_LEN(parts); p++) {
		const config_setting_t *list = config_lookup(&conf->cfg, parts[p].list);

		for (int i = 0; e == 0 && i < sl_native_length(list); i++)
			e = parts[p].read(&r, config_setting_get_elem(list, (unsigned)i), NULL);
	}
	return e;
}

int sl_conf_model(const struct sl_conf *conf, struct sl_model *model, struct sl_err *err)
{
	return read_parts(conf, NULL, model, err);
}

int sl_conf_model_on(const struct sl_conf *conf, const struct sl_objects *set,
		     struct sl_model *model, struct sl_err *err)
{
	const struct sl_native_names names = {set, &conf->box};
	int e;

	sl_wanted_clear_all(set->wanted);
	e = read_parts(conf, &names, model, err);
	set->wanted->n_native = set->wanted->n;
	return e;
}
