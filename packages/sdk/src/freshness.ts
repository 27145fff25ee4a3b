/** The newest consistency token a client has been given: what it asks with it includes what it did. */

export type Freshness = {
  /** Takes note of a reply's token. */
  saw(reply: { readonly seq: number; readonly token: string }): void;
  readonly token: string | undefined;
};

export function trackFreshness(): Freshness {
  let newest: { readonly seq: number; readonly token: string } | undefined;
  return {
    saw(reply) {
      if (!newest || reply.seq > newest.seq) newest = { seq: reply.seq, token: reply.token };
    },
    get token() {
      return newest?.token;
    },
  };
}
