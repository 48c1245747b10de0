/* SPDX-License-Identifier: BSD-3-Clause */
/* Short and plural names of object kinds, as `get` and `delete` accept them. */
#include "kinds.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "sl_str.h"

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct {
	const char *kind, *plural, *brief;
} kinds[] = {
	{"Gateway", "gateways", "gw"},
	{"VirtualService", "virtualservices", "vs"},
	{"DestinationRule", "destinationrules", "dr"},
	{"ServiceEntry", "serviceentries", "se"},
	{"WorkloadEntry", "workloadentries", "we"},
	{"EndpointSetting", "endpointsettings", "eset"},
	{"Service", "services", "svc"},
	{"Endpoints", "endpoints", "ep"},
	{"EndpointSlice", "endpointslices", "eps"},
	{"Namespace", "namespaces", "ns"},
};

const char *kind_resolve(const char *word)
{
	for (size_t i = 0; word != NULL && i < KINDS; i++)
		if (strcasecmp(word, kinds[i].kind) == 0 ||
		    strcasecmp(word, kinds[i].plural) == 0 || strcasecmp(word, kinds[i].brief) == 0)
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
