/* SPDX-License-Identifier: BSD-3-Clause */
/* From a route's destination (host, port, subset) to the cluster it means. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "kube.h"
#include "words.h"

#define HOST_MAX 320

/* Splits "NAME.NAMESPACE.svc.cluster.local" or a short "NAME" of the writer's namespace. */
static bool split_host(const char *host, const char *own_ns, char name[HOST_MAX], char ns[HOST_MAX])
{
	static const char suffix[] = "." SL_KUBE_DOMAIN;
	size_t n = strlen(host), n_suffix = sizeof(suffix) - 1;
	const char *dot = strchr(host, '.');

	if (n >= HOST_MAX)
		return false;
	for (size_t i = 0; i <= n; i++)
		name[i] = sl_lower(host[i]);
	if (!dot) {
		snprintf(ns, HOST_MAX, "%s", own_ns);
		return true;
	}
	if (n <= n_suffix || strcmp(name + n - n_suffix, suffix) != 0)
		return false;
	name[n - n_suffix] = '\0';
	/* Names of Services hold no dots; the namespace is the rest. */
	dot = strchr(name, '.');
	if (!dot)
		return false;
	snprintf(ns, HOST_MAX, "%s", dot + 1);
	name[dot - name] = '\0';
	return true;
}

bool sl_kube_host_known(const struct sl_kube *k, const char *host)
{
	char name[HOST_MAX], ns[HOST_MAX];

	if (sl_kube_entry_find(k, host))
		return true;
	return split_host(host, "", name, ns) && sl_kube_service_find(k, ns, name);
}

/* The Service whose name is nearest to what was written, or NULL. */
static const struct sl_object *nearest(const struct sl_kube *k, const char *name)
{
	const char **list = calloc(k->n_service + 1, sizeof(*list));
	const struct sl_object *found = NULL;
	const char *near;

	for (size_t i = 0; list && i < k->n_service; i++)
		list[i] = k->service[i].o->name;
	near = list ? sl_nearest(name, list) : NULL;
	for (size_t i = 0; near && !found && i < k->n_service; i++)
		if (k->service[i].o->name == near)
			found = k->service[i].o;
	free(list);
	return found;
}

static int no_cluster(const struct sl_kube *k, const struct sl_object *o,
		      const struct sl_node *host)
{
	char show[SL_SHOW_MAX], first[HOST_MAX];
	const struct sl_object *near;

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(host->text, "."), host->text);
	near = nearest(k, first);
	sl_show(host->text, show);
	if (near)
		return sl_object_bad(o, host->line, k->err,
				     "route to a cluster that doesn't exist: there is no Service "
				     "for host '%s'; did you mean '%s.%s." SL_KUBE_DOMAIN "'?",
				     show, near->name, near->ns);
	return sl_object_bad(o, host->line, k->err,
			     "route to a cluster that doesn't exist: there is no Service for host "
			     "'%s'; write NAME.NAMESPACE." SL_KUBE_DOMAIN " of one",
			     show);
}

static int no_port(const struct sl_kube *k, const struct sl_object *o, const struct sl_node *at,
		   const struct sl_object *to, const struct sl_node *list, const char *key,
		   int64_t number)
{
	char ports[128] = "none";
	size_t n = 0;

	for (uint32_t i = 0; i < sl_node_len(list) && n < sizeof(ports) - 10; i++)
		n += (size_t)snprintf(ports + n, sizeof(ports) - n, "%s%lld", i ? ", " : "",
				      (long long)sl_node_int(list->item[i], key, 0));
	if (number)
		return sl_object_bad(o, at->line, k->err,
				     "route to a cluster that doesn't exist: %s %s has no TCP "
				     "port %lld; its ports: %s",
				     to->kind->name, to->name, (long long)number, ports);
	return sl_object_bad(o, at->line, k->err,
			     "%s %s has not exactly one TCP port; write port: { number: N }, "
			     "one of: %s",
			     to->kind->name, to->name, ports);
}

/* Place of the port that is meant, or -1: none or several. */
static int64_t port_of(const struct sl_node *list, const char *key, int64_t number, bool tcp_only)
{
	int64_t found = -1;

	for (uint32_t i = 0; i < sl_node_len(list); i++) {
		const struct sl_node *p = list->item[i];

		if ((tcp_only && sl_kube_proto(p) != IPPROTO_TCP) ||
		    (number && sl_node_int(p, key, 0) != number))
			continue;
		if (found >= 0)
			return -1;
		found = i;
	}
	return found;
}

static int to_entry(struct sl_kube *k, const struct sl_object *o, const struct sl_node *dest,
		    const struct sl_object *entry, const char *host, const char *subset,
		    struct sl_kube_dest *found, char cluster[SL_KUBE_NAME_MAX])
{
	const struct sl_node *list = sl_node_at(entry->root, "spec.ports");
	int64_t number = sl_node_int(dest, "port.number", 0);
	int64_t at = port_of(list, "number", number, false);

	if (!sl_kube_entry_served(entry))
		return sl_object_bad(o, dest->line, k->err,
				     "route to ServiceEntry %s with resolution NONE, which is not "
				     "served yet; write STATIC and endpoints, or DNS",
				     entry->name);
	if (at < 0)
		return no_port(k, o, dest, entry, list, "number", number);
	*found = (struct sl_kube_dest){NULL, entry, list->item[at]};
	sl_kube_warn_protocol(k, o, dest->line, entry, list->item[at]);
	return sl_kube_entry_cluster(k, entry, host, list->item[at], subset, cluster);
}

static int to_service(struct sl_kube *k, const struct sl_object *o, const struct sl_node *dest,
		      struct sl_kube_service *s, const char *subset, struct sl_kube_dest *found,
		      char cluster[SL_KUBE_NAME_MAX])
{
	int64_t number = sl_node_int(dest, "port.number", 0);
	int64_t at = port_of(s->ports, "port", number, true);

	if (at < 0)
		return no_port(k, o, dest, s->o, s->ports, "port", number);
	*found = (struct sl_kube_dest){NULL, s->o, s->ports->item[at]};
	sl_kube_warn_protocol(k, o, dest->line, s->o, s->ports->item[at]);
	return sl_kube_cluster(k, s, (uint32_t)at, false, subset, cluster);
}

/* Subsets are what the host's DestinationRules define. */
static int check_subset(const struct sl_kube *k, const struct sl_object *o,
			const struct sl_node *dest, const char *ns, const char *host)
{
	const struct sl_node *subset = sl_node_get(dest, "subset");
	const struct sl_object *owner;
	struct sl_kube_rules rules;
	char show[SL_SHOW_MAX], hint[300];

	if (!subset || !*subset->text)
		return 0;
	sl_kube_rules(k, ns, host, &rules);
	if (sl_kube_subset(&rules, subset->text, &owner))
		return 0;
	return sl_object_bad(o, subset->line, k->err,
			     "route to a cluster that doesn't exist: host '%s' has no subset "
			     "'%s'%s",
			     host, sl_show(subset->text, show),
			     sl_kube_subset_hint(&rules, subset->text, hint, sizeof(hint)));
}

/* "outbound|PORT|SUBSET|HOST", and what stands behind "outbound". */
static bool split_cluster(const char *cluster, char kind[16], long long *port,
			  char subset[HOST_MAX], char host[SL_KUBE_NAME_MAX])
{
	const char *part[4] = {cluster};
	char *end;

	for (int i = 1; i < 4; i++) {
		part[i] = strchr(part[i - 1], '|');
		if (!part[i]++)
			return false;
	}
	if (part[1] - part[0] > 16 || part[3] - part[2] > HOST_MAX)
		return false;
	snprintf(kind, 16, "%.*s", (int)(part[1] - part[0]) - 1, part[0]);
	snprintf(subset, HOST_MAX, "%.*s", (int)(part[3] - part[2]) - 1, part[2]);
	snprintf(host, SL_KUBE_NAME_MAX, "%s", part[3]);
	*port = strtoll(part[1], &end, 10);
	return *end == '|' && strncmp(kind, "outbound", 8) == 0;
}

static int service_cluster_named(struct sl_kube *k, struct sl_kube_service *s, const char *kind,
				 long long port, const char *subset, char made[SL_KUBE_NAME_MAX])
{
	uint8_t proto = strncmp(kind, "outbound-udp", 12) == 0 ? IPPROTO_UDP : IPPROTO_TCP;
	size_t n = strlen(kind);
	bool local = n > 6 && strcmp(kind + n - 6, "-local") == 0;

	for (uint32_t i = 0; i < sl_node_len(s->ports); i++)
		if (sl_node_int(s->ports->item[i], "port", 0) == port &&
		    sl_kube_proto(s->ports->item[i]) == proto)
			return sl_kube_cluster(k, s, i, local, subset, made);
	return -ESTALE;
}

int sl_kube_cluster_named(struct sl_kube *k, const char *cluster)
{
	char kind[16], subset[HOST_MAX], host[SL_KUBE_NAME_MAX], made[SL_KUBE_NAME_MAX] = "";
	char name[HOST_MAX], ns[HOST_MAX];
	const struct sl_object *entry;
	struct sl_kube_service *s = NULL;
	long long port;
	int64_t at;
	int e = -ESTALE;

	if (!split_cluster(cluster, kind, &port, subset, host))
		return -ESTALE;
	if (split_host(host, "", name, ns))
		s = sl_kube_service_find(k, ns, name);
	entry = s ? NULL : sl_kube_entry_find(k, host);
	if (s)
		e = service_cluster_named(k, s, kind, port, subset, made);
	else if (entry) {
		const struct sl_node *list = sl_node_at(entry->root, "spec.ports");

		at = port_of(list, "number", port, false);
		if (at >= 0)
			e = sl_kube_entry_cluster(k, entry, host, list->item[at], subset, made);
	}
	return e == 0 && strcmp(made, cluster) != 0 ? -ESTALE : e;
}

static int find(struct sl_kube *k, const struct sl_object *o, const struct sl_node *dest,
		struct sl_kube_dest *found, char cluster[SL_KUBE_NAME_MAX])
{
	const struct sl_node *host = sl_node_get(dest, "host");
	const char *subset = sl_node_text(dest, "subset", "");
	char name[HOST_MAX], ns[HOST_MAX], fqdn[SL_KUBE_NAME_MAX];
	const struct sl_object *entry = NULL;
	struct sl_kube_service *s = NULL;
	int e;

	if (split_host(host->text, o->ns, name, ns)) {
		s = sl_kube_service_find(k, ns, name);
		snprintf(fqdn, sizeof(fqdn), "%.255s.%.255s." SL_KUBE_DOMAIN, name, ns);
	}
	if (!s) {
		snprintf(fqdn, sizeof(fqdn), "%.*s", HOST_MAX - 1, host->text);
		for (char *p = fqdn; *p; p++)
			*p = sl_lower(*p);
		entry = sl_kube_entry_find(k, fqdn);
	}
	if (!s && !entry)
		return no_cluster(k, o, host);
	e = check_subset(k, o, dest, s ? s->o->ns : entry->ns, fqdn);
	if (e)
		return e;
	return s ? to_service(k, o, dest, s, subset, found, cluster)
		 : to_entry(k, o, dest, entry, fqdn, subset, found, cluster);
}

/*
 * What says where a destination leads: who wrote it, and what. False where that is no text to be
 * found by; such ones lead nowhere.
 */
static bool dest_text(const struct sl_object *o, const struct sl_node *dest,
		      char text[SL_KUBE_NAME_MAX])
{
	const char *part[] = {o->ns, sl_node_text(dest, "host", ""),
			      sl_node_text(dest, "port.number", ""),
			      sl_node_text(dest, "subset", "")};
	size_t at = 0;

	for (size_t i = 0; i < SL_ARRAY_LEN(part); i++) {
		size_t n = strlen(part[i]);

		if (at + n + 2 > SL_KUBE_NAME_MAX || memchr(part[i], '\n', n))
			return false;
		memcpy(text + at, part[i], n);
		at += n;
		text[at++] = '\n';
	}
	text[at - 1] = '\0';
	return true;
}

static int keep_dest(struct sl_kube *k, const char *text, struct sl_kube_dest found,
		     const char *cluster)
{
	char *key = sl_arena_text(&k->arena, text, strlen(text));

	found.cluster = sl_arena_text(&k->arena, cluster, strlen(cluster));
	if (k->n_dest == k->cap_dest) {
		size_t cap = k->cap_dest ? 2 * k->cap_dest : 16;
		struct sl_kube_dest *more = realloc(k->dest, cap * sizeof(*more));

		if (!more)
			return sl_kube_no_memory(k);
		k->dest = more;
		k->cap_dest = cap;
	}
	if (!key || !found.cluster || sl_index_put(&k->dest_by_text, key, (uint32_t)k->n_dest) < 0)
		return sl_kube_no_memory(k);
	k->dest[k->n_dest++] = found;
	return 0;
}

int sl_kube_destination(struct sl_kube *k, const struct sl_object *o, const struct sl_node *dest,
			char cluster[SL_KUBE_NAME_MAX])
{
	char text[SL_KUBE_NAME_MAX];
	bool keep = dest_text(o, dest, text);
	int64_t at = keep ? sl_index_get(&k->dest_by_text, text) : -1;
	struct sl_kube_dest found = {0};
	int e;

	if (at >= 0) {
		found = k->dest[at];
		sl_kube_warn_protocol(k, o, dest->line, found.to, found.port);
		memcpy(cluster, found.cluster, strlen(found.cluster) + 1);
		return 0;
	}
	e = find(k, o, dest, &found, cluster);
	return e == 0 && keep ? keep_dest(k, text, found, cluster) : e;
}
