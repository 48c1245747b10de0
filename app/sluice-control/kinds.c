/* SPDX-License-Identifier: BSD-3-Clause */
/* Short and plural names of object kinds, as `get` and `delete` accept them. */
#include "kinds.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "sl_str.h"

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

#define GATEWAY_API "gateway.networking.k8s.io"
#define ISTIO       "networking.istio.io"
#define K8S         "networking.k8s.io"

/*
 * Two groups have a Gateway: "gateway" and "gw" are Istio's, "gtw" the Gateway API's, which else
 * goes by its full name, as kubectl has it ("gateways.gateway.networking.k8s.io").
 */
static const struct {
	const char *kind, *plural, *brief, *group;
} kinds[] = {
	{"Gateway", "gateways", "gw", ISTIO},
	{"VirtualService", "virtualservices", "vs", ISTIO},
	{"DestinationRule", "destinationrules", "dr", ISTIO},
	{"ServiceEntry", "serviceentries", "se", ISTIO},
	{"WorkloadEntry", "workloadentries", "we", ISTIO},
	{"EndpointSetting", "endpointsettings", "eset", "sluice"},
	{"Service", "services", "svc", NULL},
	{"Endpoints", "endpoints", "ep", NULL},
	{"EndpointSlice", "endpointslices", "eps", "discovery.k8s.io"},
	{"Namespace", "namespaces", "ns", NULL},
	{"Ingress", "ingresses", "ing", K8S},
	{"IngressClass", "ingressclasses", "ingressclass", K8S},
	{"Gateway." GATEWAY_API, "gateways." GATEWAY_API, "gtw", GATEWAY_API},
	{"GatewayClass", "gatewayclasses", "gc", GATEWAY_API},
	{"HTTPRoute", "httproutes", "httproute", GATEWAY_API},
	{"ReferenceGrant", "referencegrants", "refgrant", GATEWAY_API},
};

/* "name" or, with the group of its kind, "name.group". */
static bool means(const char *word, const char *name, const char *group)
{
	size_t n = strlen(name);

	if (strncasecmp(word, name, n) != 0)
		return false;
	return word[n] == '\0' ||
	       (group != NULL && word[n] == '.' && strcasecmp(word + n + 1, group) == 0);
}

const char *kind_resolve(const char *word)
{
	for (size_t i = 0; word != NULL && i < KINDS; i++)
		if (means(word, kinds[i].kind, kinds[i].group) ||
		    means(word, kinds[i].plural, kinds[i].group) ||
		    means(word, kinds[i].brief, kinds[i].group))
			return kinds[i].kind;
	return word;
}

const char *kind_nearest(const char *word)
{
	const char *names[KINDS * 2 + 1] = {NULL};
	const char *near;

	for (size_t i = 0; i < KINDS; i++) {
		names[2 * i] = kinds[i].kind;
		names[2 * i + 1] = kinds[i].plural;
	}
	near = sl_nearest(word, names);
	return near != NULL ? kind_resolve(near) : NULL;
}
