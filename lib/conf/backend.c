/* SPDX-License-Identifier: BSD-3-Clause */
/* From the Service that an Ingress or HTTPRoute names to its cluster, or to why there is none. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "dialect.h"
#include "words.h"

/* Looking for the nearest of many names takes long, and tells nothing new the hundredth time. */
#define NEAR_MAX 16

/* Why there is no such Service, with the nearest name of its namespace. */
static void no_service(struct sl_kube *k, const char *ns, const char *name, char why[SL_WHY_MAX])
{
	const char **list = NULL;
	const char *near = NULL;
	char show[SL_SHOW_MAX];
	size_t n = 0;

	if (k->n_near++ < NEAR_MAX)
		list = calloc(k->n_service + 1, sizeof(*list));
	for (size_t i = 0; list && i < k->n_service; i++)
		if (strcmp(k->service[i].o->ns, ns) == 0)
			list[n++] = k->service[i].o->name;
	if (list)
		near = sl_nearest(name, list);
	snprintf(why, SL_WHY_MAX, "there is no Service '%s' in namespace '%.63s'%s%.63s%s",
		 sl_show(name, show), ns, near ? "; did you mean '" : "", near ? near : "",
		 near ? "'?" : "");
	free(list);
}

static void no_port(const struct sl_kube_service *s, int64_t number, const char *port_name,
		    char why[SL_WHY_MAX])
{
	char show[SL_SHOW_MAX], list[160] = "none";
	size_t n = 0;

	for (uint32_t i = 0; i < sl_node_len(s->ports) && n < sizeof(list) - 80; i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%lld %.60s", i ? ", " : "",
				      (long long)sl_node_int(s->ports->item[i], "port", 0),
				      sl_node_text(s->ports->item[i], "name", ""));
	if (number)
		snprintf(show, sizeof(show), "%lld", (long long)number);
	else
		sl_show(port_name, show);
	snprintf(why, SL_WHY_MAX, "Service '%.63s' has no TCP port '%s'; its ports: %s", s->o->name,
		 show, list);
}

static int64_t find_port(const struct sl_kube_service *s, int64_t number, const char *port_name)
{
	bool any = !number && !*port_name;

	for (uint32_t i = 0; i < sl_node_len(s->ports); i++) {
		const struct sl_node *p = s->ports->item[i];

		if (sl_kube_proto(p) != IPPROTO_TCP)
			continue;
		if (number ? sl_node_int(p, "port", 0) == number
			   : any || strcmp(sl_node_text(p, "name", ""), port_name) == 0)
			return i;
	}
	return -1;
}

int sl_backend_cluster(struct sl_kube *k, const char *ns, const char *name, int64_t number,
		       const char *port_name, char cluster[SL_KUBE_NAME_MAX], char why[SL_WHY_MAX])
{
	struct sl_kube_service *s = sl_kube_service_find(k, ns, name);
	int64_t at;

	if (!s) {
		no_service(k, ns, name, why);
		return -ENOENT;
	}
	if (strcmp(sl_node_text(s->spec, "type", ""), "ExternalName") == 0) {
		snprintf(why, SL_WHY_MAX,
			 "Service '%.63s' is of type ExternalName, which is not served yet",
			 s->o->name);
		return -ENOENT;
	}
	at = find_port(s, number, port_name);
	if (at < 0) {
		no_port(s, number, port_name, why);
		return -ENOENT;
	}
	return sl_kube_cluster(k, s, (uint32_t)at, false, "", cluster);
}

int sl_route_object(struct sl_model_route *route, const struct sl_object *o, int line)
{
	char name[SL_KUBE_NAME_MAX];
	size_t n = 0;

	snprintf(name, sizeof(name), "%s/%s.%s", o->kind->name, o->name, o->ns);
	for (; name[n] != '/'; n++)
		name[n] = sl_lower(name[n]);
	if (sl_model_set(&route->virtual_service, name) < 0)
		return -ENOMEM;
	return sl_model_origin(&route->origin, o->file, line);
}
