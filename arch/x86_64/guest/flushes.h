/* SPDX-License-Identifier: MIT */
/*
 * The register of flushes: every instruction of the guest that drops translations, or changes how
 * they are made or looked up, is named here by a record next to the function in which it stands.
 * Records are texts in a section of the ELF file that is not loaded; tests/static/flush_proof holds
 * them against the bytes of the image. A record is
 *
 *	FUNCTION INSTRUCTION TIMES RULE WHY
 *
 * INSTRUCTION is invlpg, invpcid, mov-cr0, mov-cr3, mov-cr4, wrmsr (tests/static/flush_kinds.c);
 * TIMES is how often it stands in FUNCTION. RULE says what is proved of it:
 *
 *	page	an invlpg of exactly the address that was reported just before
 *	space	a reload of the root that is loaded, after a report
 *	all	a change of CR4.PGE and of nothing else, after a report: one of two
 *	pge	the same without a report, at the start of a CPU
 *	root	a load of exactly the root that was reported just before
 *	private	a load of a root, after a report of the load of one, for which a soft TLB stands in
 *	evict	an invlpg of exactly the address that was just reported as evicted from a soft TLB
 *	fs-base	a write to that MSR, which translates nothing
 *	boot	that it is 16- or 32-bit code: it runs before its CPU reports anything
 *
 * Code that is not 64 bit wide says so with the same words: FUNCTION bits 16 boot WHY.
 */
#ifndef X86_FLUSHES_H
#define X86_FLUSHES_H

#ifdef __ASSEMBLER__
#define FLUSH_RECORD(text)                      \
	.pushsection ".flushes", "", @progbits; \
	.asciz text;                            \
	.popsection
#else
#define FLUSH_RECORD(text)                               \
	asm(".pushsection .flushes, \"\", @progbits\n\t" \
	    ".asciz \"" text "\"\n\t"                    \
	    ".popsection")
#endif

#endif
