/** A place in a {@link LinkedList}; whoever extends it can be listed, in one list at a time. */
export abstract class ListNode {
  /** @internal */ previous: ListNode | undefined;
  /** @internal */ next: ListNode | undefined;
  /** @internal */ isListed = false;
}

/** A list that nodes enter at either end and leave from anywhere, each in constant time however long it is. */
export class LinkedList<Node extends ListNode> {
  #first: Node | undefined;
  #last: Node | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): Node | undefined {
    return this.#first;
  }

  get last(): Node | undefined {
    return this.#last;
  }

  push(node: Node): void {
    node.previous = this.#last;
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.#entered(node);
  }

  /** Puts a node in front of one that is in this list. */
  insertBefore(node: Node, other: Node): void {
    const { previous } = other;
    if (previous === undefined) {
      this.unshift(node);
      return;
    }
    node.previous = previous;
    node.next = other;
    previous.next = node;
    other.previous = node;
    this.#entered(node);
  }

  unshift(node: Node): void {
    node.next = this.#first;
    if (this.#first === undefined) this.#last = node;
    else this.#first.previous = node;
    this.#first = node;
    this.#entered(node);
  }

  /** Takes a node out that is in this list. */
  remove(node: Node): void {
    const { previous, next } = node;
    if (previous === undefined) this.#first = next as Node | undefined;
    else previous.next = next;
    if (next === undefined) this.#last = previous as Node | undefined;
    else next.previous = previous;
    node.previous = undefined;
    node.next = undefined;
    node.isListed = false;
    this.#size--;
  }

  #entered(node: Node): void {
    node.isListed = true;
    this.#size++;
  }
}
