/** What CloudFormation asks of a custom resource, and the answer. */
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';

const eventSchema = v.object({
  RequestType: v.picklist(['Create', 'Update', 'Delete']),
  ResponseURL: v.pipe(v.string(), v.url()),
  StackId: v.string(),
  RequestId: v.string(),
  LogicalResourceId: v.string(),
  PhysicalResourceId: v.optional(v.string()),
  ResourceProperties: v.looseObject({ Version: v.optional(v.string()) }),
});

export type CustomResourceEvent = v.InferOutput<typeof eventSchema>;

/** `undefined` for an event that is not CloudFormation's. */
export function customResourceEvent(event: unknown): CustomResourceEvent | undefined {
  const parsed = v.safeParse(eventSchema, event);
  return parsed.success ? parsed.output : undefined;
}

/** How often the answer is sent where that fails: without it CloudFormation waits until the resource's timeout. */
const attempts = 4;

/** @param found goes into the stack's events where `isRefused`, else into the attribute `Found` */
export async function answerCustomResource(
  event: CustomResourceEvent,
  { isRefused, found }: { isRefused: boolean; found: string },
): Promise<void> {
  const { StackId, RequestId, LogicalResourceId, PhysicalResourceId = LogicalResourceId } = event;
  const ids = { StackId, RequestId, LogicalResourceId, PhysicalResourceId };
  const answer = isRefused
    ? { ...ids, Status: 'FAILED', Reason: found }
    : { ...ids, Status: 'SUCCESS', Data: { Found: found } };
  // Bytes have no content type, which the signature of the URL does not cover.
  const body = new TextEncoder().encode(JSON.stringify(answer));
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await fetch(event.ResponseURL, {
        method: 'PUT',
        body,
        signal: AbortSignal.timeout(5_000),
      });
      if (response.ok) return;
      throw new Error(`CloudFormation did not take the answer: ${response.status}`);
    } catch (error) {
      if (attempt === attempts) throw error;
      await delay(500 * attempt);
    }
  }
}
