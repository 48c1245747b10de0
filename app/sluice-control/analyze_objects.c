/* SPDX-License-Identifier: BSD-3-Clause */
/* Findings between objects: hosts nobody serves, gateways and destinations that are not there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "analyze.h"
#include "jsontext.h"
#include "objset.h"

#define NAME_BYTES 512

/* All objects as trees, and what is looked up in them. */
struct world {
	const struct sl_objects *objects;
	json_t **tree;    /* by position; NULL: not one of those looked at */
	json_t *hosts;    /* host of a Service or ServiceEntry -> its list of ports */
	json_t *subsets;  /* host of a DestinationRule -> list of names */
	json_t *gateways; /* "namespace/name" -> list of servers' host entries */
	json_t *list;
};

struct object {
	struct sl_object_ref ref;
	const json_t *tree, *spec;
	char label[NAME_BYTES];
};

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static struct object object_at(const struct world *w, size_t i)
{
	struct object o = {.ref = sl_objects_at(w->objects, i), .tree = w->tree[i]};

	o.spec = json_object_get(o.tree, "spec");
	objset_label(&o.ref, o.label, sizeof(o.label));
	return o;
}

#define REPORT(w, severity, code, o, ...) \
	finding((w)->list, severity, code, (o)->label, (o)->ref.file, (o)->ref.line, __VA_ARGS__)

/* "name" of a namespace, or a full name, as a DNS name. */
static const char *full_host(const char *host, const char *ns, char buf[NAME_BYTES])
{
	if (strchr(host, '.') != NULL || strcmp(host, "*") == 0)
		snprintf(buf, NAME_BYTES, "%s", host);
	else
		snprintf(buf, NAME_BYTES, "%s.%s.svc.cluster.local", host, ns);
	return buf;
}

/* Whether some name is matched by both: equal, or one is "*" or "*.suffix" of the other. */
static bool hosts_meet(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);

	if (strcasecmp(a, b) == 0 || strcmp(a, "*") == 0 || strcmp(b, "*") == 0)
		return true;
	if (a[0] == '*' && nb >= na && strcasecmp(b + nb - (na - 1), a + 1) == 0)
		return true;
	return b[0] == '*' && na >= nb && strcasecmp(a + na - (nb - 1), b + 1) == 0;
}

/* ---- indexes ---- */

static void index_ports(struct world *w, const char *host, const json_t *ports)
{
	json_object_set_new(w->hosts, host, ports != NULL ? json_deep_copy(ports) : json_array());
}

static void index_rule(struct world *w, const struct object *o)
{
	char host[NAME_BYTES];
	json_t *names = json_array(), *s;
	size_t i;

	full_host(text(o->spec, "host"), o->ref.ns, host);
	if (json_object_get(w->subsets, host) != NULL)
		REPORT(w, SEVERITY_WARNING, "conflict", o,
		       "another DestinationRule is for host %s too; say it in one of them", host);
	json_array_foreach(json_object_get(o->spec, "subsets"), i, s)
		json_array_append_new(names, json_text(text(s, "name")));
	json_object_set_new(w->subsets, host, names);
}

static void index_gateway(struct world *w, const struct object *o)
{
	char key[NAME_BYTES];
	json_t *hosts = json_array(), *server;
	size_t i;

	json_array_foreach(json_object_get(o->spec, "servers"), i, server)
		json_array_extend(hosts, json_object_get(server, "hosts"));
	snprintf(key, sizeof(key), "%s/%s", o->ref.ns, o->ref.name);
	json_object_set_new(w->gateways, key, hosts);
}

static void index_object(struct world *w, const struct object *o)
{
	char host[NAME_BYTES];
	const json_t *h;
	size_t i;

	if (strcmp(o->ref.kind, "Service") == 0)
		index_ports(w, full_host(o->ref.name, o->ref.ns, host),
			    json_object_get(o->spec, "ports"));
	else if (strcmp(o->ref.kind, "ServiceEntry") == 0)
		json_array_foreach(json_object_get(o->spec, "hosts"), i, h)
			index_ports(w, json_string_value(h) ? json_string_value(h) : "",
				    json_object_get(o->spec, "ports"));
	else if (strcmp(o->ref.kind, "DestinationRule") == 0)
		index_rule(w, o);
	else if (strcmp(o->ref.kind, "Gateway") == 0 &&
		 strncmp(o->ref.api_version, "networking.istio.io/", 20) == 0)
		index_gateway(w, o);
}

/* ---- virtual services ---- */

static const json_t *host_ports(const struct world *w, const char *host)
{
	const json_t *ports = json_object_get(w->hosts, host), *p;
	const char *name;

	if (ports != NULL)
		return ports;
	json_object_foreach(w->hosts, name,
			    p) if (name[0] == '*' && hosts_meet(name, host)) return p;
	return NULL;
}

static bool has_port(const json_t *ports, json_int_t number)
{
	const json_t *p;
	size_t i;

	json_array_foreach(ports, i, p)
	{
		const json_t *n = json_object_get(p, "port");

		if (json_integer_value(n != NULL ? n : json_object_get(p, "number")) == number)
			return true;
	}
	return false;
}

static bool has_text(const json_t *list, const char *want)
{
	const json_t *t;
	size_t i;

	json_array_foreach(list, i, t) if (json_is_string(t) &&
					   strcmp(json_string_value(t), want) == 0) return true;
	return false;
}

static void check_destination(struct world *w, const struct object *o, const json_t *d)
{
	const char *subset = text(d, "subset");
	json_int_t port = json_integer_value(json_object_get(json_object_get(d, "port"), "number"));
	char host[NAME_BYTES];
	const json_t *ports;

	if (d == NULL)
		return;
	full_host(text(d, "host"), o->ref.ns, host);
	ports = host_ports(w, host);
	if (ports == NULL)
		REPORT(w, SEVERITY_ERROR, "no-destination", o,
		       "there is no Service and no ServiceEntry of host %s", host);
	else if (port != 0 && !has_port(ports, port))
		REPORT(w, SEVERITY_ERROR, "no-destination", o, "host %s has no port %lld", host,
		       (long long)port);
	else if (port == 0 && json_array_size(ports) > 1)
		REPORT(w, SEVERITY_WARNING, "no-port", o,
		       "host %s has several ports and the destination names none", host);
	if (subset[0] != '\0' && !has_text(json_object_get(w->subsets, host), subset))
		REPORT(w, SEVERITY_ERROR, "no-destination", o,
		       "no DestinationRule gives host %s a subset %s", host, subset);
}

static void check_rule(struct world *w, const struct object *o, const json_t *rule)
{
	const json_t *r;
	size_t i;

	json_array_foreach(json_object_get(rule, "route"), i, r)
		check_destination(w, o, json_object_get(r, "destination"));
	check_destination(w, o, json_object_get(rule, "mirror"));
	json_array_foreach(json_object_get(rule, "mirrors"), i, r)
		check_destination(w, o, json_object_get(r, "destination"));
}

/* A gateway's host entry, "host" or "namespace/host", for virtual services of a namespace. */
static bool entry_serves(const char *entry, const char *gateway_ns, const char *ns,
			 const char *host)
{
	const char *slash = strchr(entry, '/');
	size_t n = slash != NULL ? (size_t)(slash - entry) : 0;

	if (slash != NULL && !(n == 1 && entry[0] == '*')) {
		if (n == 1 && entry[0] == '.' ? strcmp(gateway_ns, ns) != 0
					      : strncmp(entry, ns, n) != 0 || ns[n] != '\0')
			return false;
	}
	return hosts_meet(slash != NULL ? slash + 1 : entry, host);
}

static bool gateway_serves(const json_t *entries, const char *key, const char *ns, const char *host)
{
	char gateway_ns[NAME_BYTES];
	const json_t *e;
	size_t i;

	snprintf(gateway_ns, sizeof(gateway_ns), "%.*s", (int)strcspn(key, "/"), key);
	json_array_foreach(entries, i, e) if (json_is_string(e) &&
					      entry_serves(json_string_value(e), gateway_ns, ns,
							   host)) return true;
	return false;
}

/* Which of the gateways that it names are there; those that are not are reported. */
static json_t *gateways_of(struct world *w, const struct object *o)
{
	json_t *found = json_object();
	const json_t *g;
	size_t i;

	json_array_foreach(json_object_get(o->spec, "gateways"), i, g)
	{
		const char *name = json_string_value(g);
		char key[NAME_BYTES];
		json_t *entries;

		if (name == NULL || strcmp(name, "mesh") == 0)
			continue;
		snprintf(key, sizeof(key), "%s%s%s", strchr(name, '/') ? "" : o->ref.ns,
			 strchr(name, '/') ? "" : "/", name);
		entries = json_object_get(w->gateways, key);
		if (entries == NULL)
			REPORT(w, SEVERITY_ERROR, "no-gateway", o, "there is no Gateway %s", key);
		else
			json_object_set(found, key, entries);
	}
	return found;
}

static void check_hosts(struct world *w, const struct object *o)
{
	json_t *gateways = gateways_of(w, o), *entries, *h;
	const char *key;
	size_t i;

	json_array_foreach(json_object_get(o->spec, "hosts"), i, h)
	{
		const char *host = json_string_value(h);
		bool served = false;

		if (host == NULL || json_object_size(gateways) == 0)
			continue;
		json_object_foreach(gateways, key, entries) served |=
			gateway_serves(entries, key, o->ref.ns, host);
		if (!served)
			REPORT(w, SEVERITY_WARNING, "host-not-served", o,
			       "host %s is in no Gateway that this VirtualService names", host);
	}
	json_decref(gateways);
}

static void check_virtual_service(struct world *w, const struct object *o)
{
	const json_t *rule;
	size_t i;

	if (json_array_size(json_object_get(o->spec, "gateways")) == 0 &&
	    json_array_size(json_object_get(o->spec, "hosts")) > 0)
		REPORT(w, SEVERITY_WARNING, "host-not-served", o,
		       "it names no Gateway: without one it is for sidecars only");
	check_hosts(w, o);
	json_array_foreach(json_object_get(o->spec, "http"), i, rule) check_rule(w, o, rule);
}

/* ---- all ---- */

static bool looked_at(const char *kind)
{
	static const char *const kinds[] = {"Service", "ServiceEntry", "DestinationRule", "Gateway",
					    "VirtualService"};

	for (size_t i = 0; i < SL_ARRAY_LEN(kinds); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

static int read_trees(struct world *w)
{
	for (size_t i = 0; i < sl_objects_count(w->objects); i++) {
		char *yaml;

		if (!looked_at(sl_objects_at(w->objects, i).kind))
			continue;
		yaml = sl_objects_yaml(w->objects, i);
		w->tree[i] = yaml != NULL ? json_from_yaml(yaml, strlen(yaml)) : NULL;
		free(yaml);
		if (w->tree[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

int analyze_objects(const struct sl_objects *objects, json_t *list)
{
	size_t n = sl_objects_count(objects);
	struct world w = {.objects = objects,
			  .tree = calloc(n + 1, sizeof(json_t *)),
			  .hosts = json_object(),
			  .subsets = json_object(),
			  .gateways = json_object(),
			  .list = list};
	int rc = w.tree != NULL ? read_trees(&w) : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (w.tree[i] != NULL) {
			struct object o = object_at(&w, i);

			index_object(&w, &o);
		}
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (w.tree[i] != NULL &&
		    strcmp(sl_objects_at(objects, i).kind, "VirtualService") == 0) {
			struct object o = object_at(&w, i);

			check_virtual_service(&w, &o);
		}
	for (size_t i = 0; w.tree != NULL && i < n; i++)
		json_decref(w.tree[i]);
	free(w.tree);
	json_decref(w.hosts);
	json_decref(w.subsets);
	json_decref(w.gateways);
	return rc;
}
