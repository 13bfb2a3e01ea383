/* SPDX-License-Identifier: MIT */
/* The program starts here; everything it does is in vmm/cli/. */
#include "vmm/cli/cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
